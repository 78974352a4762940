import { startKubernetes, type Kubernetes } from "./kubernetes.ts";
import { applySnapshotKinds } from "./snapshotKinds.ts";

let shared: Promise<Kubernetes> | undefined;

/**
 * One control plane for all test files of a run that clean up after themselves; each uses its own
 * namespaces.
 */
export function sharedKubernetes(): Promise<Kubernetes> {
  shared ??= startWithSnapshots();
  return shared;
}

export async function stopSharedKubernetes(): Promise<void> {
  const started = shared;
  shared = undefined;
  await (await started?.catch(() => undefined))?.stop();
}

async function startWithSnapshots(): Promise<Kubernetes> {
  // Nodes belong to the tests and send no heartbeats.
  const kubernetes = await startKubernetes({ controllerArgs: ["--node-monitor-grace-period=10h"] });
  try {
    await applySnapshotKinds(kubernetes);
    return kubernetes;
  } catch (error) {
    await kubernetes.stop();
    throw error;
  }
}
