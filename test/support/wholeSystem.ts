import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { freePort } from "./freePort.ts";
import { makeStartFolder, startLocal, type StartFolder, type Starter } from "./starter.ts";

/** What `npm start` brings up, on a data folder and a port of its own. */
export interface WholeSystem {
  readonly url: string;
  readonly folder: StartFolder;
  readonly kubeconfig: string;
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
  stop(): Promise<void>;
}

let startOtherCluster: (() => Promise<OtherCluster>) | undefined;

/** Has each whole system of this run brought up on such a cluster, as `npm start -- --kubeconfig` does. */
export function useOtherCluster(start: () => Promise<OtherCluster>): void {
  startOtherCluster = start;
}

export async function startWholeSystem(): Promise<WholeSystem> {
  const cluster = await startOtherCluster?.();
  const folder = await makeStartFolder();
  const port = await freePort();
  let starter: Starter | null = null;
  const stop = async () => {
    starter?.child.kill("SIGINT");
    const code = (await starter?.ended()) ?? null;
    starter = null;
    return code;
  };
  const system: WholeSystem = {
    url: `http://127.0.0.1:${String(port)}`,
    folder,
    kubeconfig: cluster?.kubeconfigPath ?? join(folder.path, "dev-cluster/kubeconfig"),
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
  await system.start();
  return system;
}
