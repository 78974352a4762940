import { startDevCluster, type DevClusterOptions } from "../../../dev-cluster/src/devCluster.ts";
import { makeTempDir } from "../../support/tempDir.ts";
import { waitFor } from "../../support/waitFor.ts";
import { rawApi, type RawApi } from "../support/rawApi.ts";
import { sharedKubernetes } from "../support/sharedKubernetes.ts";

/** One of the two that the contract holds for. */
export interface Server {
  readonly api: RawApi;
  readonly kubeconfigPath: string;
  stop(): Promise<void>;
}

export type ServerName = "Kubernetes" | "dev-cluster";
export const SERVERS: readonly ServerName[] = ["Kubernetes", "dev-cluster"];

export async function startServerNamed(
  name: ServerName,
  options: Partial<DevClusterOptions> = {},
): Promise<Server> {
  if (name === "Kubernetes") {
    const { admin, kubeconfigPath } = await sharedKubernetes();
    return { api: admin, kubeconfigPath, stop: () => Promise.resolve() };
  }
  const directory = await makeTempDir("contract");
  const cluster = await startDevCluster({ dataDir: directory.path, ...options });
  return {
    api: rawApi(cluster),
    kubeconfigPath: cluster.kubeconfigPath,
    stop: async () => {
      await cluster.stop();
      await directory.remove();
    },
  };
}

/** With the account that pods of it run as, which comes a moment later. */
export async function makeNamespace({ api }: Server, name: string): Promise<void> {
  const body = { apiVersion: "v1", kind: "Namespace", metadata: { name } };
  await api.expect("POST", "/api/v1/namespaces", body);
  await waitFor(
    async () =>
      (await api.request("GET", `/api/v1/namespaces/${name}/serviceaccounts/default`)).status ===
      200,
    { timeoutMs: 20_000, describe: `the default service account of ${name}` },
  );
}
