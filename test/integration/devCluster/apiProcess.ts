import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../../../dev-cluster/src/main.ts", import.meta.url));

interface End {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export interface ServerProcess {
  url: string;
  /** The path of the file. */
  kubeconfig: string;
  ended: Promise<End>;
  closeInput(): void;
  end(signal: NodeJS.Signals): Promise<End>;
}

/** Starts the dev cluster as a process of its own; resolves when it serves. */
export async function startServer(dataDir: string, more: string[] = []): Promise<ServerProcess> {
  const child = spawnServer(dataDir, more);
  const ended = endOf(child);
  if (child.stdout === null) throw new Error("The server has no output to read.");
  const lines = createInterface(child.stdout);
  const line = await Promise.race([
    once(lines, "line").then(([text]: unknown[]) => String(text)),
    ended.then(({ code }) => `The server ended with ${String(code)}`),
  ]);
  const ready = JSON.parse(line) as { ready: boolean; url: string; kubeconfig: string };
  return {
    url: ready.url,
    kubeconfig: ready.kubeconfig,
    ended,
    closeInput() {
      child.stdin?.end();
    },
    end(signal) {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      return ended;
    },
  };
}

/** Runs the program to its end, for refused starts. */
export async function runServer(
  dataDir: string,
  more: string[] = [],
): Promise<{ code: number | null; stderr: string }> {
  const child = spawnServer(dataDir, more);
  let stderr = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const { code } = await endOf(child);
  return { code, stderr };
}

function spawnServer(dataDir: string, more: string[]): ChildProcess {
  return spawn(process.execPath, [MAIN, "--data", dataDir, ...more], {
    stdio: ["pipe", "pipe", "pipe"],
  });
}

async function endOf(child: ChildProcess): Promise<End> {
  const [code, signal] = (await once(child, "close")) as [End["code"], End["signal"]];
  return { code, signal };
}
