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
  /** Sends SIGINT, as Ctrl-C does, and resolves with the exit code. */
  stop(): Promise<number | null>;
  /** The URL of the embedded PostgreSQL, with its password. */
  databaseUrl(): Promise<string>;
  /** Stops the system if it runs, and deletes its data. */
  remove(): Promise<void>;
}

/** A cluster that is used instead of dev-cluster. */
export interface OtherCluster {
  readonly kubeconfigPath: string;
  readonly adminKubeconfigPath: string;
  stop(): Promise<void>;
}

let startOtherCluster: (() => Promise<OtherCluster>) | undefined;

/**
 * Makes every whole system of this run start on another cluster, as `npm start -- --kubeconfig`
 * does. `start` is called for each system.
 */
export function useOtherCluster(start: () => Promise<OtherCluster>): void {
  startOtherCluster = start;
}

/** Whether this run must use a real cluster; see test/cluster/.mocharc.js. */
export function requiresRealCluster(): boolean {
  return process.env["GPU_DEV_TEST_REAL_CLUSTER"] === "true";
}

export async function startWholeSystem(): Promise<WholeSystem> {
  if (requiresRealCluster() !== (startOtherCluster !== undefined)) {
    throw new Error(
      "GPU_DEV_TEST_REAL_CLUSTER must be true exactly if the run uses test/cluster/.mocharc.js.",
    );
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
      // The fourth line of the file is the port.
      const postmaster = await readFile(join(home, "data/postmaster.pid"), "utf8");
      const host = `127.0.0.1:${postmaster.split("\n")[3] ?? ""}`;
      return `postgresql://gpu_dev:${password}@${host}/gpu_dev`;
    },
    remove: async () => {
      await stop();
      await folder.remove();
      await cluster?.stop();
    },
  };
}
