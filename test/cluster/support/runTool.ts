import { spawn } from "node:child_process";
import { once } from "node:events";

export interface Output {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end, without a shell. */
export async function runTool(
  program: string,
  args: readonly string[],
  { input = "", env = {}, timeoutMs = 60_000 }: RunOptions = {},
): Promise<Output> {
  const child = spawn(program, args, {
    stdio: "pipe",
    timeout: timeoutMs,
    env: { ...process.env, ...env },
  });
  const said = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk: Buffer) => (said.stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (said.stderr += chunk.toString()));
  child.stdin.on("error", () => undefined); // It may end before it has read everything.
  child.stdin.end(input);
  await once(child, "close");
  return { code: child.exitCode, ...said };
}

export interface RunOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
}
