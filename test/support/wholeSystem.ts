import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { freePort } from "./freePort.ts";
import { makeStartFolder, startLocal, type StartFolder, type Starter } from "./starter.ts";

/** What `npm start` brings up, on a data folder and a port of its own. */
export interface WholeSystem {
  readonly url: string;
  readonly folder: StartFolder;
  /** What the control plane signs in with. */
  readonly kubeconfig: string;
  /** Of somebody who may do everything. */
  readonly adminKubeconfig: string;
  start(): Promise<void>;
  /** Ctrl-C; resolves with the exit code. */
  stop(): Promise<number | null>;
  /** Of the embedded PostgreSQL. It holds a password. */
  databaseUrl(): Promise<string>;
  /** Stops it if it runs, and deletes its data. */
  remove(): Promise<void>;
}

/** A cluster in place of the dev cluster; it is there until `stop`. */
export interface OtherCluster {
  readonly kubeconfigPath: string;
  readonly adminKubeconfigPath: string;
  stop(): Promise<void>;
}

let startOtherCluster: (() => Promise<OtherCluster>) | undefined;

/** Has each whole system of this run brought up on such a cluster, as `npm start -- --kubeconfig` does. */
export function useOtherCluster(start: () => Promise<OtherCluster>): void {
  startOtherCluster = start;
}

/** Whether this run is to be one against a real cluster, as its configuration says: see test/cluster/.mocharc.js. */
export function isRealClusterAsked(): boolean {
  return process.env["GPU_DEV_TEST_REAL_CLUSTER"] === "true";
}

export async function startWholeSystem(): Promise<WholeSystem> {
  if (isRealClusterAsked() !== (startOtherCluster !== undefined)) {
    throw new Error("A real cluster is asked for, and none is set up; or the other way round.");
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
  const own = join(folder.path, "dev-cluster/kubeconfig");
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
    kubeconfig: cluster?.kubeconfigPath ?? own,
    adminKubeconfig: cluster?.adminKubeconfigPath ?? own,
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
