import { spawn } from "node:child_process";
import { Second } from "@gpu-dev/shared/durations.ts";
import { CliError } from "./exitCodes.ts";

export interface ProgramResult {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

/** Runs a short program without a shell and collects what it says. */
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
      reject(couldNotRun(name, error));
    });
    child.on("close", (code) => {
      resolve({ code, output, errors });
    });
  });
}

/** Runs a program on the user's own terminal; resolves with its exit code, 128 + n for a signal. */
export async function runOnTerminal(name: string, args: readonly string[]): Promise<number> {
  const child = spawn(name, args, { stdio: "inherit" });
  // Ctrl-C is for the program in the foreground; it decides what that means.
  const ignore = () => undefined;
  process.on("SIGINT", ignore);
  try {
    return await new Promise((resolve, reject) => {
      child.on("error", (error) => {
        reject(couldNotRun(name, error));
      });
      child.on("close", (code, signal) => {
        resolve(code ?? (signal === "SIGINT" ? 130 : 143));
      });
    });
  } finally {
    process.off("SIGINT", ignore);
  }
}

function couldNotRun(name: string, error: Error): CliError {
  return new CliError(
    "unexpected",
    `${name} could not be run (${error.message}). Install the OpenSSH client and try again.`,
    { cause: error },
  );
}
