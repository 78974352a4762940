import assert from "node:assert/strict";
import type { ReservationId, UserId } from "@gpu-dev/shared/ids.ts";
import { podManifest } from "../../../control-plane/src/cluster/podManifest.ts";
import { waitFor } from "../../support/waitFor.ts";
import type { Kubernetes } from "../support/kubernetes.ts";
import type { RawApi } from "../support/rawApi.ts";
import { sharedKubernetes } from "../support/sharedKubernetes.ts";
import { BASELINE, OWN_RULES, PROFILING, SYS_ADMIN, type Change } from "./admissionCases.ts";
import {
  accountIsThere,
  asAccount,
  install,
  policyIsEffective,
  SYSTEM,
  type Manifest,
} from "./release.ts";

const RELEASE = "admission";
const NAMESPACE = "admission-pods";
/** A namespace in which Kubernetes itself enforces its baseline, to compare the policy with. */
const ORACLE = "admission-oracle";
const RBAC = `/apis/rbac.authorization.k8s.io/v1/namespaces/${NAMESPACE}`;
const pods = (namespace: string) => `/api/v1/namespaces/${namespace}/pods`;

interface ApiMessage {
  readonly message?: string;
}
interface Pod extends ApiMessage {
  readonly metadata: { readonly labels: Readonly<Record<string, string>> };
  readonly spec: {
    readonly volumes: readonly Readonly<Record<string, unknown>>[];
    readonly containers: readonly { readonly volumeMounts: readonly { mountPath: string }[] }[];
  };
}

describe("S6: the admission policy of users' pods", () => {
  let kubernetes: Kubernetes;
  let admin: RawApi;
  before(async () => {
    kubernetes = await sharedKubernetes();
    ({ admin } = kubernetes);
    const labels = { "pod-security.kubernetes.io/enforce": "baseline" };
    await admin.expect("POST", "/api/v1/namespaces", { metadata: { name: ORACLE, labels } });
    await install(kubernetes, RELEASE, NAMESPACE);
    await policyIsEffective(kubernetes, NAMESPACE);
    await accountIsThere(kubernetes, ORACLE);
  });
  after(() => admin.request("DELETE", `/api/v1/namespaces/${ORACLE}`));

  const create = (change: Change, namespace = NAMESPACE, api = admin) =>
    api.request<Pod>("POST", `${pods(namespace)}?dryRun=All`, changed(change));

  it("has expressions that the API server's type check accepts", async () => {
    const path = `/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies/${SYSTEM}-${RELEASE}-user-pods`;
    const status = async () =>
      (await admin.expect<{ status?: { typeChecking?: object } }>("GET", path)).status;
    await waitFor(async () => (await status())?.typeChecking !== undefined, {
      describe: "the expressions to be checked",
    });
    assert.deepEqual((await status())?.typeChecking, {});
  });

  it("admits the control plane's pod, without a token", async () => {
    const { status, body } = await create({});
    assert.equal(status, 201, body.message);
    assert.ok(body.spec.volumes.every((volume) => !("projected" in volume)));
    const mounts = body.spec.containers.flatMap(({ volumeMounts }) => volumeMounts);
    assert.ok(mounts.every(({ mountPath }) => !mountPath.includes("serviceaccount")));
  });

  it("admits SYS_ADMIN for a profiling pod", async () => {
    const answer = await create({ ...SYS_ADMIN, spec: PROFILING });
    assert.equal(answer.status, 201, answer.body.message);
  });

  for (const [name, cases] of Object.entries(BASELINE)) {
    for (const [description, change, message] of cases) {
      it(`rejects a pod ${description}, as Kubernetes' baseline does (${name})`, async () => {
        const theirs = await create(change, ORACLE);
        assert.equal(theirs.status, 403, theirs.body.message);
        assert.match(theirs.body.message ?? "", new RegExp(`violates PodSecurity.*${name}`, "i"));
        const ours = await create(change);
        assert.equal(ours.status, 422, ours.body.message);
        assert.match(ours.body.message ?? "", message);
      });
    }
  }

  for (const [description, change, message] of OWN_RULES) {
    it(`rejects a pod ${description}, which Kubernetes' baseline admits`, async () => {
      const theirs = await create(change, ORACLE);
      assert.equal(theirs.status, 201, theirs.body.message);
      const ours = await create(change);
      assert.equal(ours.status, 422, ours.body.message);
      assert.match(ours.body.message ?? "", message);
    });
  }

  it("admits pods of the reconcilers only", async () => {
    const account = { kind: "ServiceAccount", name: "default", namespace: NAMESPACE };
    await admin.expect("POST", `${RBAC}/roles`, {
      metadata: { name: "creates-pods" },
      rules: [{ apiGroups: [""], resources: ["pods"], verbs: ["create"] }],
    });
    await admin.expect("POST", `${RBAC}/rolebindings`, {
      metadata: { name: "creates-pods" },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "creates-pods" },
      subjects: [account],
    });
    const otherAccount = await asAccount(kubernetes, NAMESPACE, "default");
    let answer = await create({}, NAMESPACE, otherAccount);
    await waitFor(
      async () => {
        answer = await create({}, NAMESPACE, otherAccount);
        return !answer.body.message?.includes("cannot create resource");
      },
      { describe: "the permission to create pods" },
    );
    assert.equal(answer.status, 403);
    assert.match(answer.body.message ?? "", /only the reconcilers create pods here/);
    const reconcilers = await asAccount(kubernetes, SYSTEM, RELEASE);
    const theirs = await create({}, NAMESPACE, reconcilers);
    assert.equal(theirs.status, 201, theirs.body.message);
  });

  it("rejects changes of an existing pod", async () => {
    await admin.expect<Pod>("POST", pods(NAMESPACE), changed({}));
    const path = `${pods(NAMESPACE)}/gd-x-0-1`;
    const patch = (at: string, body: object) =>
      admin.request<ApiMessage>("PATCH", at, body, "application/strategic-merge-patch+json");
    try {
      const debug = [{ name: "debug", image: "x", targetContainerName: "workspace" }];
      const entered = await patch(`${path}/ephemeralcontainers`, {
        spec: { ephemeralContainers: debug },
      });
      assert.equal(entered.status, 422, entered.body.message);
      assert.match(entered.body.message ?? "", /must not have ephemeral containers/);
      const labels = { "gpu-dev.io/installation": null };
      const unlabelled = await patch(path, { metadata: { labels } });
      assert.equal(unlabelled.status, 422, unlabelled.body.message);
      assert.match(unlabelled.body.message ?? "", /must have the label gpu-dev\.io\/installation/);
    } finally {
      await admin.expect("DELETE", path, { gracePeriodSeconds: 0 });
    }
  });

  it("ignores pods in other namespaces", async () => {
    const answer = await create({ spec: { hostNetwork: true } }, "default");
    assert.equal(answer.status, 201, answer.body.message);
  });
});

/** The pod that the control plane creates, with one change. */
function changed(change: Change): Omit<Manifest, "spec"> & Pick<Pod, "spec"> {
  const { labels, annotations = {}, spec = {}, container = {}, initContainer = {} } = change;
  const pod = podManifest(
    {
      name: "gd-x-0-1",
      rank: 0,
      attempt: 1,
      node: "h100-1",
      image: "x",
      entrypoint: [],
      cpus: 1,
      memoryGib: 1,
      gpu: { resource: "nvidia.com/gpu", count: 1 },
      reservationId: "x" as ReservationId,
      userId: "u" as UserId,
      reservationName: "demo",
      claimName: undefined,
      secretName: "gd-x",
      serviceName: "gd-x",
    },
    { installation: "installation", sshServerImage: "ssh-server" },
  );
  // Mounts refer to volumes, so a pod with other volumes gets none.
  const mounts = spec["volumes"] === undefined ? {} : { volumeMounts: [] };
  const [first, ...others] = pod.spec.containers;
  const containers = [{ ...first, ...mounts, ...container }, ...others];
  const initContainers = pod.spec.initContainers.map((each) => ({
    ...each,
    ...mounts,
    ...initContainer,
  }));
  return {
    ...pod,
    metadata: { ...pod.metadata, annotations, labels: labels ?? pod.metadata.labels },
    spec: { ...pod.spec, initContainers, ...spec, containers },
  } as never;
}
