import assert from "node:assert/strict";
import { waitFor } from "../../support/waitFor.ts";
import type { Kubernetes } from "../support/kubernetes.ts";
import type { RawApi } from "../support/rawApi.ts";
import { sharedKubernetes } from "../support/sharedKubernetes.ts";
import { accountIsThere, asAccount, install, SYSTEM, type Rule } from "./release.ts";

const RELEASE = "accounts";
const NAMESPACE = "accounts-pods";
const ELSEWHERE = [SYSTEM, "default", "kube-system"];
const REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews";

interface Review {
  readonly status: {
    readonly incomplete: boolean;
    readonly resourceRules: readonly (Rule & { readonly resourceNames?: readonly string[] })[];
    readonly nonResourceRules: readonly {
      readonly verbs: readonly string[];
      readonly nonResourceURLs: readonly string[];
    }[];
  };
}

const EVERYWHERE = ["get nodes", "list nodes", "list pods", "watch nodes", "watch pods"];
const RECONCILERS = [
  ...EVERYWHERE,
  "create pods",
  "get pods",
  "delete pods",
  "get pods/log",
  ...["create", "get", "list", "watch", "patch", "delete"].map((verb) => `${verb} secrets`),
  ...["create", "get", "list", "watch", "delete"].map((verb) => `${verb} services`),
  "create persistentvolumeclaims",
  "get persistentvolumeclaims",
];

describe("the chart's accounts", () => {
  let kubernetes: Kubernetes;
  /** The permissions of every account of the cluster. */
  let defaultRights: Map<string, Set<string>>;
  before(async () => {
    kubernetes = await sharedKubernetes();
    await install(kubernetes, RELEASE, NAMESPACE);
    await accountIsThere(kubernetes, SYSTEM);
    const anyone = await asAccount(kubernetes, SYSTEM, "default");
    defaultRights = new Map();
    for (const namespace of [NAMESPACE, ...ELSEWHERE]) {
      defaultRights.set(namespace, await rights(anyone, namespace));
    }
  });

  const EXPECTED = [
    { name: RELEASE, whose: "reconcilers", here: RECONCILERS, elsewhere: EVERYWHERE },
    { name: `${RELEASE}-api`, whose: "API", here: ["get pods/log"], elsewhere: [] },
  ];
  for (const { name, whose, here, elsewhere } of EXPECTED) {
    it(`give the ${whose} ${here.length === 1 ? "one permission" : "the listed permissions"} beyond the defaults`, async () => {
      const own = await asAccount(kubernetes, SYSTEM, name);
      const beyond = async (namespace: string) => {
        const all = defaultRights.get(namespace);
        return [...(await rights(own, namespace))].filter((right) => !all?.has(right)).sort();
      };
      // The authorizer sees new roles with a short delay.
      await waitFor(async () => (await beyond(NAMESPACE)).length >= here.length, {
        describe: `the rights of ${name}`,
      });
      assert.deepEqual(await beyond(NAMESPACE), [...here].sort());
      for (const namespace of ELSEWHERE) {
        assert.deepEqual(await beyond(namespace), [...elsewhere].sort(), namespace);
      }
    });
  }

  it("let the API read the log of a pod, but not the pod", async () => {
    const api = await asAccount(kubernetes, SYSTEM, `${RELEASE}-api`);
    const path = `/api/v1/namespaces/${NAMESPACE}/pods/nothing`;
    // The API server checks the permission before it looks up the pod.
    assert.equal((await api.request("GET", `${path}/log`)).status, 404);
    assert.equal((await api.request("GET", path)).status, 403);
    assert.equal((await api.request("GET", "/api/v1/nodes")).status, 403);
    const elsewhere = "/api/v1/namespaces/default/pods/nothing/log";
    assert.equal((await api.request("GET", elsewhere)).status, 403);
  });
});

/** All permissions in a namespace, with cluster-wide ones: `verb resource` of the core group. */
async function rights(api: RawApi, namespace: string): Promise<Set<string>> {
  const { status } = await api.expect<Review>("POST", REVIEWS, {
    apiVersion: "authorization.k8s.io/v1",
    kind: "SelfSubjectRulesReview",
    spec: { namespace },
  });
  assert.equal(status.incomplete, false);
  const onResources = status.resourceRules.flatMap(
    ({ verbs, apiGroups, resources, resourceNames }) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((resource) =>
          verbs.map((verb) => {
            const names = resourceNames === undefined ? "" : ` ${resourceNames.join(",")}`;
            return `${verb} ${resource}${group === "" ? "" : `.${group}`}${names}`;
          }),
        ),
      ),
  );
  const others = status.nonResourceRules.flatMap(({ verbs, nonResourceURLs }) =>
    verbs.flatMap((verb) => nonResourceURLs.map((url) => `${verb} ${url}`)),
  );
  return new Set([...onResources, ...others]);
}
