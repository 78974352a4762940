import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ApiClient, createApiClient } from "@gpu-dev/client/http/apiClient.ts";
import { requestToken } from "@gpu-dev/client/signIn/signIn.ts";
import { CoreV1Api, KubeConfig } from "@kubernetes/client-node";

/** The whole system as `npm start` starts it, with a signed-in client. */
export interface Stack {
  readonly client: ApiClient;
  readonly url: string;
  readonly token: string;
  /** The user of the token. */
  readonly user: string;
  readonly kubeConfig: KubeConfig;
  readonly core: CoreV1Api;
  /** The process that started the parts. */
  readonly root: ChildProcess;
  /** Seconds from the command to the ready screen, on an empty data folder. */
  readonly coldStartSeconds: number;
  /** Adds nodes of a type; only on a real API server. */
  addNodes?(type: string, count: number): Promise<void>;
  stop(): Promise<void>;
}

const PORT = 18_710;
export const USER = "bench";
export const NAMESPACE = "gpu-dev";

export async function startStack(): Promise<Stack> {
  const dataDir = await mkdtemp(join(tmpdir(), "gpu-dev-bench-"));
  const main = new URL("../../local/src/main.ts", import.meta.url).pathname;
  const before = performance.now();
  const root = spawn(process.execPath, [main, "--data-dir", dataDir, "--port", String(PORT)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await readyScreen(root);
  const coldStartSeconds = Math.round((performance.now() - before) / 100) / 10;
  const url = `http://127.0.0.1:${String(PORT)}`;
  const me = { user: USER, identity: undefined } as const;
  const { token } = await requestToken(url, me);
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromFile(join(dataDir, "dev-cluster", "kubeconfig"));
  return {
    client: createApiClient({ baseUrl: url, token: () => token }),
    url,
    token,
    user: USER,
    kubeConfig,
    core: kubeConfig.makeApiClient(CoreV1Api),
    root,
    coldStartSeconds,
    async stop() {
      root.kill("SIGTERM");
      if (root.exitCode === null) await once(root, "exit");
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/**
 * Resolves at the end of the ready screen; rejects with the output when the process ends before.
 */
function readyScreen(root: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let printed = "";
    // Read to the end, because the starter also writes while it stops.
    root.stdout?.on("data", (chunk: Buffer) => {
      printed += chunk.toString();
      if (printed.includes("Ctrl-C")) resolve();
    });
    root.once("exit", () => {
      reject(new Error(`the system did not start:\n${printed}`));
    });
  });
}
