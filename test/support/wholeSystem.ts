import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { freePort } from "./freePort.ts";
import { makeStartFolder, startLocal, type StartFolder, type Starter } from "./starter.ts";

/** A running `npm start` with its own data folder and port. */
export interface WholeSystem {
  readonly url: string;
  readonly folder: StartFolder;
  /** The control plane's credentials. */
  readonly kubeconfig: string;
  /** Credentials without restrictions. */
  readonly adminKubeconfig: string;
  start(): Promise<void>;
  /** Ctrl-C; resolves with the exit code. */
  stop(): Promise<number | null>;
  /** Of the embedded PostgreSQL, with its password. */
  databaseUrl(): Promise<string>;
  /** Stops it if it runs, and deletes its data. */
  remove(): Promise<void>;
}

/** A cluster in place of dev-cluster. */
export interface OtherCluster {
  readonly kubeconfigPath: string;
  readonly adminKubeconfigPath: string;
  stop(): Promise<void>;
}

let startOtherCluster: (() => Promise<OtherCluster>) | undefined;

/**
 * Makes each whole system of this run start on such a cluster, as `npm start -- --kubeconfig` does.
 */
export function useOtherCluster(start: () => Promise<OtherCluster>): void {
  startOtherCluster = start;
}

/** Whether this run uses a real cluster: see test/cluster/.mocharc.js. */
export function isRealClusterAsked(): boolean {
  return process.env["GPU_DEV_TEST_REAL_CLUSTER"] === "true";
}

export async function startWholeSystem(): Promise<WholeSystem> {
  if (isRealClusterAsked() !== (startOtherCluster !== undefined)) {
    throw new Error("GPU_DEV_TEST_REAL_CLUSTER and the cluster of this run do not match.");
  }
  const cluster = await startOtherCluster?.();
  const folder = await makeStartFolder();
  const system = wholeSystemOn(cluster, folder, await freePort());
  try {
    await system.start();
  } catch (error) {
    await system.remove();
    throw error;
  }
  return system;
}

function wholeSystemOn(
  cluster: OtherCluster | undefined,
  folder: StartFolder,
  port: number,
): WholeSystem {
  const devKubeconfig = join(folder.path, "dev-cluster/kubeconfig");
  let starter: Starter | null = null;
  const stop = async () => {
    starter?.child.kill("SIGINT");
    const code = (await starter?.ended()) ?? null;
    starter = null;
    return code;
  };
  return {
    url: `http://127.0.0.1:${String(port)}`,
    folder,
    kubeconfig: cluster?.kubeconfigPath ?? devKubeconfig,
    adminKubeconfig: cluster?.adminKubeconfigPath ?? devKubeconfig,
    start: async () => {
      const args = cluster === undefined ? [] : ["--kubeconfig", cluster.kubeconfigPath];
      starter = startLocal(folder.path, port, { args });
      await starter.ready();
    },
    stop,
    databaseUrl: async () => {
      const home = join(folder.path, "postgres");
      const password = (await readFile(join(home, "password"), "utf8")).trim();
      // Its fourth line is the port.
      const postmaster = await readFile(join(home, "data/postmaster.pid"), "utf8");
      const at = `127.0.0.1:${postmaster.split("\n")[3] ?? ""}`;
      return `postgresql://gpu_dev:${password}@${at}/gpu_dev`;
    },
    remove: async () => {
      await stop();
      await folder.remove();
      await cluster?.stop();
    },
  };
}
