import { join } from "node:path";
import { writeFleet } from "../../../local/src/folder/fleet.ts";
import { install, policyIsEffective, SYSTEM } from "../chart/release.ts";
import { startKubernetes, type Kubernetes } from "./kubernetes.ts";
import { startServer, type ServerProcess } from "./serverProcess.ts";
import { existsSync, readFileSync } from "node:fs";

const JOIN = new URL("../../../dev-cluster/src/join.ts", import.meta.url).pathname;
const CATALOGUE = new URL("../../../infra/catalogue.yaml", import.meta.url).pathname;

export interface JoinedCluster extends Kubernetes {
  readonly adminKubeconfigPath: string;
}

/**
 * A real control plane whose nodes are the catalogue's fleet, run by our own node and storage
 * agents, with the chart installed. Its kubeconfig is the chart's service account: the control
 * plane under test has these rights only.
 */
export async function startJoinedCluster(): Promise<JoinedCluster> {
  const kubernetes = await startKubernetes();
  const { directory, kubeconfigPath, kubeletFile } = kubernetes;
  const fleet = join(directory, "fleet.yaml");
  const logFile = join(directory, "agents.log");
  let agents: ServerProcess | undefined;
  const stop = async () => {
    await agents?.stop();
    await kubernetes.stop();
  };
  try {
    await writeFleet(CATALOGUE, fleet);
    agents = await startServer({
      name: "the agents",
      program: process.execPath,
      args: [
        JOIN,
        `--kubeconfig=${kubeconfigPath}`,
        `--fleet=${fleet}`,
        `--kubelet=${kubeletFile}`,
        `--data=${join(directory, "agents")}`,
      ],
      logFile,
      isReady: () =>
        Promise.resolve(existsSync(logFile) && readFileSync(logFile, "utf8").includes('"ready"')),
    });
    await install(kubernetes, "gpu-dev", "gpu-dev");
    await policyIsEffective(kubernetes, "gpu-dev");
    return {
      ...kubernetes,
      kubeconfigPath: await kubernetes.serviceAccountKubeconfig(SYSTEM, "gpu-dev"),
      adminKubeconfigPath: kubeconfigPath,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
