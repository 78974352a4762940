import assert from "node:assert/strict";
import { waitFor } from "../../support/waitFor.ts";
import type { Kubernetes } from "../support/kubernetes.ts";
import { sharedKubernetes } from "../support/sharedKubernetes.ts";
import { accountIsThere, install } from "./release.ts";

const NAMESPACE = "evicted-pods";
const PODS = `/api/v1/namespaces/${NAMESPACE}/pods`;
const MERGE = "application/merge-patch+json";

interface Budget {
  readonly status?: {
    readonly desiredHealthy: number;
    readonly currentHealthy: number;
    readonly disruptionsAllowed: number;
    readonly conditions?: readonly { readonly reason: string }[];
  };
}

describe("a drain of a node", () => {
  let kubernetes: Kubernetes;
  before(async () => {
    kubernetes = await sharedKubernetes();
    await install(kubernetes, "evicted", NAMESPACE);
    await accountIsThere(kubernetes, NAMESPACE);
    await run("leased", { "gpu-dev.io/reservation": "a" });
    await run("other", {});
  });
  after(async () => {
    for (const name of ["leased", "other"]) {
      await kubernetes.admin.request("DELETE", `${PODS}/${name}`, { gracePeriodSeconds: 0 });
    }
  });

  it("waits for leases: Kubernetes computes their budget and evicts none of their pods", async () => {
    await waitFor(async () => (await budget())?.currentHealthy === 1, {
      timeoutMs: 30_000,
      describe: "the budget to count the leased pod",
    });
    const { desiredHealthy, disruptionsAllowed, conditions } = (await budget()) ?? {};
    assert.deepEqual(
      { desiredHealthy, disruptionsAllowed },
      { desiredHealthy: 1e6, disruptionsAllowed: 0 },
    );
    assert.deepEqual(
      conditions?.map(({ reason }) => reason),
      ["InsufficientPods"],
    );
    await isHeld();
    // A pod that is briefly not ready is protected too.
    await setReady("leased", "False");
    await waitFor(async () => (await budget())?.currentHealthy === 0, {
      timeoutMs: 30_000,
      describe: "the budget to count no healthy pod",
    });
    await isHeld();
  });

  it("evicts any other pod at once", async () => {
    assert.equal((await evict("other")).status, 201);
  });

  async function isHeld(): Promise<void> {
    const { status, body } = await evict("leased");
    assert.equal(status, 429);
    assert.match(JSON.stringify(body), /disruption budget evicted-leases/);
    const pod = await kubernetes.admin.expect<{ metadata: object }>("GET", `${PODS}/leased`);
    assert.ok(!("deletionTimestamp" in pod.metadata));
  }

  const evict = (name: string) =>
    kubernetes.admin.request("POST", `${PODS}/${name}/eviction`, {
      apiVersion: "policy/v1",
      kind: "Eviction",
      metadata: { name, namespace: NAMESPACE },
    });

  const budget = async () => {
    const path = `/apis/policy/v1/namespaces/${NAMESPACE}/poddisruptionbudgets/evicted-leases`;
    return (await kubernetes.admin.expect<Budget>("GET", path)).status;
  };

  /** A running pod, as a kubelet would report it. */
  async function run(name: string, labels: object): Promise<void> {
    await kubernetes.admin.expect("POST", PODS, {
      metadata: { name, labels: { "gpu-dev.io/installation": "i", ...labels } },
      spec: {
        automountServiceAccountToken: false,
        securityContext: { seccompProfile: { type: "RuntimeDefault" } },
        containers: [{ name: "main", image: "x" }],
      },
    });
    await setReady(name, "True");
  }

  async function setReady(name: string, status: "True" | "False"): Promise<void> {
    const body = { status: { phase: "Running", conditions: [{ type: "Ready", status }] } };
    await kubernetes.admin.expect("PATCH", `${PODS}/${name}/status`, body, MERGE);
  }
});
