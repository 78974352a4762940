import { spawn } from "node:child_process";
import { Second } from "@gpu-dev/shared/durations.ts";

export interface ProgramResult {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

/** The program is not there, may not be run, or did not end in time. */
export class ProgramError extends Error {
  constructor(name: string, cause: Error) {
    const next = "Install the OpenSSH client and try again.";
    super(`${name} could not be run (${cause.message}). ${next}`, { cause });
    this.name = "ProgramError";
  }
}

/** Runs one of OpenSSH's programs without a shell, for ten seconds at most, and collects what it says. */
export async function runProgram(name: string, args: readonly string[]): Promise<ProgramResult> {
  const child = spawn(name, args, {
    stdio: ["ignore", "pipe", "pipe"],
    signal: AbortSignal.timeout(10 * Second.ms),
    windowsHide: true,
  });
  let output = "";
  let errors = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => (output += chunk));
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (errors += chunk));
  return await new Promise((resolve, reject) => {
    child.on("error", (error) => {
      reject(new ProgramError(name, error));
    });
    child.on("close", (code) => {
      resolve({ code, output, errors });
    });
  });
}
