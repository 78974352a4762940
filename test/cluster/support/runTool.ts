import { spawn } from "node:child_process";
import { once } from "node:events";
import { Minute } from "@gpu-dev/shared/durations.ts";

export interface Output {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end, without a shell. */
export async function runTool(
  program: string,
  args: readonly string[],
  { input = "", env = {}, timeoutMs = Minute.ms }: RunOptions = {},
): Promise<Output> {
  const child = spawn(program, args, {
    stdio: "pipe",
    timeout: timeoutMs,
    env: { ...process.env, ...env },
  });
  const output = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk: Buffer) => (output.stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (output.stderr += chunk.toString()));
  child.stdin.on("error", () => undefined); // It may end before it has read everything.
  child.stdin.end(input);
  await once(child, "close");
  return { code: child.exitCode, ...output };
}

export interface RunOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
}
