import { spawn, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createApiClient, type ApiClient } from "@gpu-dev/client/http/apiClient.ts";
import { requestToken } from "@gpu-dev/client/signIn/signIn.ts";
import { Second } from "@gpu-dev/shared/durations.ts";
import { freePort } from "../../support/freePort.ts";
import { waitFor } from "../../support/waitFor.ts";

const MAIN = new URL("../../../control-plane/src/main.ts", import.meta.url).pathname;

/** A control plane in its own process. */
export interface ControlPlane {
  /** Signs a user in. */
  signIn(user: string): Promise<ApiClient>;
  readonly url: string;
  readonly child: ChildProcess;
  /** In MiB, see proc(5). `private`: anonymous memory (RssAnon); `heap`: used JavaScript heap. */
  memory(): Promise<Readonly<Record<"rss" | "peak" | "private" | "pss" | "heap", number>>>;
  /** Seconds of processor time since its start. */
  cpuSeconds(): number;
  stop(signal?: NodeJS.Signals): Promise<void>;
}

export async function startControlPlane(given: {
  kubeconfigPath: string;
  databaseUrl: string;
  /** A directory of the test; the development secret is stored there. */
  directory: string;
  /** A fixed port, so that clients find the process again after a restart. */
  port?: number;
  logLevel?: string;
  /** `main.ts` of another version. */
  main?: string;
  /** Default: the repository's. */
  catalogueFile?: string;
}): Promise<ControlPlane> {
  const secretFile = join(given.directory, "development-secret");
  if (!existsSync(secretFile)) {
    const secret = `gpu-dev-secret-${randomBytes(32).toString("base64url")}`;
    writeFileSync(secretFile, secret, { mode: 0o600 });
  }
  const port = given.port ?? (await freePort());
  const url = `http://127.0.0.1:${String(port)}`;
  const args = ["--role", "all", "--host", "127.0.0.1", "--port", String(port)];
  const access = ["--kubeconfig", given.kubeconfigPath, "--development-secret-file", secretFile];
  const child = spawn(
    process.execPath,
    [given.main ?? MAIN, ...args, ...access, "--log-level", given.logLevel ?? "error"],
    {
      stdio: ["ignore", "ignore", "inherit"],
      env: {
        PATH: process.env["PATH"] ?? "",
        DATABASE_URL: given.databaseUrl,
        GPU_DEV_CATALOGUE: given.catalogueFile ?? "",
        GPU_DEV_WRITES_PER_SECOND: "100000",
        GPU_DEV_READS_PER_SECOND: "100000",
        GPU_DEV_ANONYMOUS_PER_SECOND: "100000",
      },
    },
  );
  await waitUntilServing(child, url);
  const proc = (file: string) => readFileSync(`/proc/${String(child.pid)}/${file}`, "utf8");
  return {
    signIn: async (user) => {
      const me = { user, identity: undefined } as const;
      const { token } = await requestToken(url, me);
      return createApiClient({ baseUrl: url, token: () => token });
    },
    url,
    child,
    memory: async () => {
      const mib = (text: string, field: string, bytes = 1_024) =>
        Math.round(
          (Number(new RegExp(`^${field}:?\\s+(\\S+)`, "m").exec(text)?.[1]) * bytes) / 2 ** 20,
        );
      const metrics = await (await fetch(`${url}/metrics`)).text();
      return {
        rss: mib(proc("status"), "VmRSS"),
        peak: mib(proc("status"), "VmHWM"),
        private: mib(proc("status"), "RssAnon"),
        pss: mib(proc("smaps_rollup"), "Pss"),
        heap: mib(metrics, "nodejs_heap_size_used_bytes", 1),
      };
    },
    // Fields 14 and 15 of proc(5)'s stat, in hundredths of a second; the name in field 2 has no
    // spaces.
    cpuSeconds: () => {
      const fields = proc("stat").split(" ");
      return (Number(fields[13]) + Number(fields[14])) / 100;
    },
    stop: async (signal = "SIGTERM") => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, "exit");
      child.kill(signal);
      await ended;
    },
  };
}

/** Waits until the process serves; kills it and throws if it does not, or if it ends. */
async function waitUntilServing(child: ChildProcess, url: string): Promise<void> {
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
  try {
    await waitFor(async () => hasEnded() || (await fetch(`${url}/readyz`)).ok, {
      timeoutMs: 30 * Second.ms,
      describe: "the control plane to be ready",
    });
    if (hasEnded()) throw new Error(`the control plane ended with ${String(child.exitCode)}`);
  } catch (error) {
    child.kill("SIGKILL");
    throw error;
  }
}
