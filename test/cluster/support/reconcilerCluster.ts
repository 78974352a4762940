import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { waitFor } from "../../support/waitFor.ts";
import { kubeconfigText } from "./credentials.ts";
import { startFaultProxy, type FaultProxy } from "./faultProxy.ts";
import { startKubernetes, type Kubernetes } from "./kubernetes.ts";

const NAMESPACE = "gpu-dev";
let started: Promise<Kubernetes> | undefined;

/**
 * An empty real API server for the reconcilers' tests, behind a fault proxy. The test files share
 * one server, one after the other. Nodes belong to the test and send no heartbeats, so the node
 * monitor's grace period is long.
 */
export async function startReconcilerCluster(): Promise<{
  readonly kubeconfigPath: string;
  readonly kubeconfig: string;
  readonly faults: FaultProxy["faults"];
  stop(): Promise<void>;
}> {
  started ??= start();
  const kubernetes = await started;
  const proxy = await startFaultProxy(kubernetes);
  const access = { ca: kubernetes.ca, token: kubernetes.tokens.admin };
  const kubeconfigPath = join(kubernetes.directory, "behind-faults.kubeconfig");
  writeFileSync(kubeconfigPath, kubeconfigText({ ...access, url: proxy.url }), { mode: 0o600 });
  return {
    kubeconfigPath,
    kubeconfig: kubeconfigText({ ...access, url: kubernetes.url }),
    faults: proxy.faults,
    stop: async () => {
      await proxy.stop();
      await empty(kubernetes);
    },
  };
}

export async function stopReconcilerCluster(): Promise<void> {
  const running = started;
  started = undefined;
  await (await running?.catch(() => undefined))?.stop();
}

async function start(): Promise<Kubernetes> {
  const kubernetes = await startKubernetes({ controllerArgs: ["--node-monitor-grace-period=10h"] });
  const { admin } = kubernetes;
  const metadata = { name: NAMESPACE };
  await admin.expect("POST", "/api/v1/namespaces", {
    apiVersion: "v1",
    kind: "Namespace",
    metadata,
  });
  const account = `/api/v1/namespaces/${NAMESPACE}/serviceaccounts/default`;
  await waitFor(async () => (await admin.request("GET", account)).status === 200, {
    describe: "the namespace's service account, which every pod needs",
  });
  return kubernetes;
}

async function empty({ admin }: Kubernetes): Promise<void> {
  const root = `/api/v1/namespaces/${NAMESPACE}`;
  const immediately = "gracePeriodSeconds=0";
  await admin.expect("DELETE", `/api/v1/nodes?${immediately}`);
  for (const path of [`${root}/pods`, `${root}/secrets`, `${root}/persistentvolumeclaims`]) {
    await admin.expect("DELETE", `${path}?${immediately}`);
  }
  const services = await admin.expect<{ items: { metadata: { name: string } }[] }>(
    "GET",
    `${root}/services`,
  );
  for (const { metadata } of services.items) {
    await admin.request("DELETE", `${root}/services/${metadata.name}`);
  }
  await waitFor(
    async () => {
      const pods = await admin.expect<{ items: unknown[] }>("GET", `${root}/pods`);
      return pods.items.length === 0;
    },
    { describe: "all pods to be gone" },
  );
}
