import assert from "node:assert/strict";
import type { DiskId, ReservationId, UserId } from "@gpu-dev/shared/ids.ts";
import { pino } from "pino";
import { loadCatalogue } from "../../../control-plane/src/catalogueFile.ts";
import { createKubeCluster } from "../../../control-plane/src/cluster/kubeCluster.ts";
import { podName } from "../../../control-plane/src/domain/reservation.ts";
import { waitFor } from "../../support/waitFor.ts";
import type { Kubernetes } from "../support/kubernetes.ts";
import { sharedKubernetes } from "../support/sharedKubernetes.ts";
import { install, SYSTEM, type Manifest, type Rule } from "./release.ts";

const RELEASE = "privileges";
const NAMESPACE = "privileges-pods";
const NODE = "privileges-node";
const MERGE = "application/merge-patch+json";
const ROLES = {
  Role: `/apis/rbac.authorization.k8s.io/v1/namespaces/${NAMESPACE}/roles/${RELEASE}`,
  ClusterRole: `/apis/rbac.authorization.k8s.io/v1/clusterroles/${SYSTEM}-${RELEASE}`,
};

describe("the control plane's permissions in a cluster", function () {
  this.timeout(120_000);
  let kubernetes: Kubernetes;
  let kubeconfigPath: string;
  const rules = new Map<string, readonly Rule[]>();

  before(async () => {
    kubernetes = await sharedKubernetes();
    await install(kubernetes, RELEASE, NAMESPACE);
    kubeconfigPath = await kubernetes.serviceAccountKubeconfig(SYSTEM, RELEASE);
    await kubernetes.admin.expect("POST", "/api/v1/nodes", { metadata: { name: NODE } });
    for (const path of Object.values(ROLES)) {
      rules.set(path, (await kubernetes.admin.expect<Manifest>("GET", path)).rules ?? []);
    }
  });

  after(() => kubernetes.admin.request("DELETE", `/api/v1/nodes/${NODE}`));

  it("suffice for every request of the control plane", async () => {
    // The authorizer sees new roles with a short delay.
    await waitFor(async () => (await refusals()).length === 0, {
      timeoutMs: 30_000,
      describe: "nothing to be refused",
    });
  });

  it("are minimal: each verb is needed, and the error names a missing one", async () => {
    const needless: string[] = [];
    for (const [path, all] of rules) {
      for (const { verb, resource, rest } of eachTakenAway(all)) {
        await setRules(path, rest);
        const named = new RegExp(`cannot ${verb} resource "${resource.replace("/", "\\/")}"`);
        const scope = path === ROLES.ClusterRole ? "at the cluster scope" : `in the namespace`;
        const reported = await waitFor(
          async () => (await refusals()).some((why) => named.test(why) && why.includes(scope)),
          { timeoutMs: 8_000, intervalMs: 100, describe: `${verb} ${resource} to be refused` },
        ).catch(() => false);
        if (!reported) needless.push(`${verb} ${resource}`);
      }
      await setRules(path, all);
    }
    assert.deepEqual(needless, []);
    await waitFor(async () => (await refusals()).length === 0, { describe: "its roles again" });
  });

  const MAY_NOT: readonly (readonly [string, string, string])[] = [
    ["create", "pods", "default"],
    ["get", "secrets", "default"],
    ["get", "secrets", SYSTEM],
    ["list", "secrets", ""],
    ["delete", "nodes", ""],
    ["patch", "nodes", ""],
    ["delete", "persistentvolumeclaims", NAMESPACE],
    ["list", "persistentvolumeclaims", NAMESPACE],
    ["create", "pods/exec", NAMESPACE],
    ["create", "pods/ephemeralcontainers", NAMESPACE],
    ["create", "serviceaccounts/token", NAMESPACE],
    ["create", "rolebindings.rbac.authorization.k8s.io", NAMESPACE],
    ["impersonate", "users", ""],
    ["create", "namespaces", ""],
  ];
  for (const [verb, resource, namespace] of MAY_NOT) {
    it(`do not include ${verb} ${resource} ${namespace === "" ? "anywhere" : `in ${namespace}`}`, async () => {
      const [kind = "", part] = resource.split("/");
      const of = part === undefined ? [] : ["--subresource", part];
      const args = ["auth", "can-i", verb, kind, ...of, "--as", subject()];
      const where = namespace === "" ? ["--all-namespaces"] : ["--namespace", namespace];
      const { stdout } = await kubernetes.kubectl(...args, ...where);
      assert.equal(stdout.trim(), "no");
    });
  }

  const subject = () => `system:serviceaccount:${SYSTEM}:${RELEASE}`;

  async function setRules(path: string, next: readonly Rule[]): Promise<void> {
    const body = [{ op: "replace", path: "/rules", value: next }];
    await kubernetes.admin.expect("PATCH", path, body, "application/json-patch+json");
  }

  /** Calls every method of the port as the service account, and returns the forbidden requests. */
  async function refusals(): Promise<string[]> {
    const forbidden: string[] = [];
    const note = (line: string) => {
      const { err } = JSON.parse(line) as { err?: { message: string } };
      if (err?.message.includes("is forbidden") === true) forbidden.push(err.message);
    };
    const log = pino({ level: "warn" }, { write: note });
    const installation = "privileges";
    const catalogue = await loadCatalogue();
    const cluster = createKubeCluster({
      kubeconfigPath,
      namespace: NAMESPACE,
      installation,
      catalogue,
      log,
      sshServerImage: "s",
      clock: { now: () => new Date() },
    });
    const attempt = async <T>(call: Promise<T>): Promise<T | undefined> =>
      call.catch((error: unknown) => {
        const why = (error as Error).message;
        if (!/is forbidden|may not create it/.test(why)) throw error;
        forbidden.push(why);
        return undefined;
      });
    const id = `p${String(performance.now()).replace(".", "")}` as ReservationId;
    const user = "u" as UserId;
    const own = { reservationId: id, userId: user };
    const content = { authorizedKeys: "", expiresAt: undefined };
    const name = podName(id, 0, 1);
    // The first event of each may come from the list, the next ones from the watch.
    const seen = { pods: 0, nodes: 0 };
    const watching = await cluster.watch({
      onPod: (pod) => {
        if (pod.name === name) seen.pods += 1;
      },
      onNode: () => {
        seen.nodes += 1;
      },
      onContact: () => undefined,
    });
    try {
      // Twice: the second call reads the existing object.
      for (const secret of [own, own])
        await attempt(cluster.ensureSecret({ ...secret, ...content }));
      // An unchanged object is not written again.
      await attempt(cluster.updateSecret(id, { ...content, authorizedKeys: "another\n" }));
      for (const service of [own, own]) await attempt(cluster.ensureService(service));
      const claim = { name: `gd-disk-${id}`, diskId: id as unknown as DiskId, userId: user };
      await attempt(cluster.ensureClaim({ ...claim, sizeGib: 1 }));
      await attempt(cluster.getClaim(claim.name));
      const pod = await attempt(
        cluster.ensurePod({
          ...own,
          name,
          rank: 0,
          attempt: 1,
          node: "none",
          image: "x",
          entrypoint: [],
          cpus: 1,
          memoryGib: 1,
          reservationName: "demo",
          gpu: undefined,
          claimName: claim.name,
          secretName: `gd-${id}`,
          serviceName: `gd-${id}`,
        }),
      );
      await attempt(cluster.getPod(name));
      await attempt(cluster.listNodesAndPods());
      await attempt(cluster.getNode(NODE));
      // Objects that the watch has reported need no request; others do.
      await attempt(cluster.getNode("nowhere"));
      await attempt(cluster.listOwned());
      await attempt(cluster.readLogs(name, 1).catch(ignoreUnlessForbidden));
      await waitFor(
        async () => {
          const annotations = { touched: String(performance.now()) };
          const body = { metadata: { annotations } };
          const pods = `/api/v1/namespaces/${NAMESPACE}/pods`;
          await kubernetes.admin.expect("PATCH", `/api/v1/nodes/${NODE}`, body, MERGE);
          await kubernetes.admin.request("PATCH", `${pods}/${name}`, body, MERGE);
          return (seen.pods > 2 && seen.nodes > 2) || forbidden.length > 0;
        },
        { describe: "the watches to tell something, or to be refused" },
      );
      if (pod) await attempt(cluster.deletePod(name, pod.uid));
      await attempt(cluster.deleteReservationObjects(id));
    } finally {
      await watching.stop();
      cluster.close();
      const admin = kubernetes.admin;
      const all = `/api/v1/namespaces/${NAMESPACE}`;
      await admin.request("DELETE", `${all}/pods/${name}`, { gracePeriodSeconds: 0 });
      await admin.request("DELETE", `${all}/persistentvolumeclaims/gd-disk-${id}`);
      await admin.request("DELETE", `${all}/secrets/gd-${id}`);
      await admin.request("DELETE", `${all}/services/gd-${id}`);
    }
    return forbidden;
  }
});

/** A pod without a node has no log; that error does not concern permissions. */
function ignoreUnlessForbidden(error: unknown): undefined {
  if ((error as Error).message.includes("is forbidden")) throw error;
  return undefined;
}

/** For each verb of each resource: the rules without it. */
function eachTakenAway(rules: readonly Rule[]) {
  return rules.flatMap((rule, index) =>
    rule.verbs.flatMap((verb) =>
      rule.resources.map((resource) => {
        const left = { ...rule, verbs: rule.verbs.filter((each) => each !== verb) };
        // A rule without verbs is invalid.
        const rest = rules.flatMap((each, at) =>
          at !== index ? [each] : left.verbs.length === 0 ? [] : [left],
        );
        return { verb, resource, rest };
      }),
    ),
  );
}
