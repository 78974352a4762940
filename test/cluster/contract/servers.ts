import { Second } from "@gpu-dev/shared/durations.ts";
import { startDevCluster, type DevClusterOptions } from "../../../dev-cluster/src/devCluster.ts";
import { makeTempDir } from "../../support/tempDir.ts";
import { waitFor } from "../../support/waitFor.ts";
import { rawApi, type RawApi } from "../support/rawApi.ts";
import { sharedKubernetes } from "../support/sharedKubernetes.ts";

/** One of the two servers that the contract applies to. */
export interface Server {
  readonly name: ServerName;
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
    return { name, api: admin, kubeconfigPath, stop: () => Promise.resolve() };
  }
  const directory = await makeTempDir("contract");
  const cluster = await startDevCluster({ dataDir: directory.path, ...options });
  return {
    name,
    api: rawApi(cluster),
    kubeconfigPath: cluster.kubeconfigPath,
    stop: async () => {
      await cluster.stop();
      await directory.remove();
    },
  };
}

/**
 * Creates a namespace and waits for what its controllers add: the default account and the
 * authority's certificate.
 */
export async function makeNamespace(server: Server, namespace: string): Promise<void> {
  const body = { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } };
  await server.api.expect("POST", "/api/v1/namespaces", body);
  const paths = [
    "serviceaccounts/default",
    ...(server.name === "Kubernetes" ? ["configmaps/kube-root-ca.crt"] : []),
  ];
  for (const path of paths) {
    const at = `/api/v1/namespaces/${namespace}/${path}`;
    await waitFor(async () => (await server.api.request("GET", at)).status === 200, {
      timeoutMs: 20 * Second.ms,
      describe: `${path} of ${namespace}`,
    });
  }
}
