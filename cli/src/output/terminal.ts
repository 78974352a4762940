import { spawn } from "node:child_process";
import { ProgramError } from "@gpu-dev/client/ssh/openssh.ts";

/**
 * Runs a program on the user's own terminal. Resolves with its exit code, 130 or 143 after a
 * signal.
 */
export async function runOnTerminal(name: string, args: readonly string[]): Promise<number> {
  const child = spawn(name, args, { stdio: "inherit" });
  // The program in the foreground handles Ctrl-C.
  const ignore = () => undefined;
  process.on("SIGINT", ignore);
  try {
    return await new Promise((resolve, reject) => {
      child.on("error", (error) => {
        reject(new ProgramError(name, error));
      });
      child.on("close", (code, signal) => {
        resolve(code ?? (signal === "SIGINT" ? 130 : 143));
      });
    });
  } finally {
    process.off("SIGINT", ignore);
  }
}

/**
 * Runs work whose result must be known, such as a request that creates something: a Ctrl-C during
 * it is reported afterwards. A second Ctrl-C ends the process as usual, so a server that hangs does
 * not block the user.
 */
export async function deferInterrupt<T>(
  work: () => Promise<T>,
): Promise<{ readonly value: T; readonly interrupted: boolean }> {
  let interrupted = false;
  const onSigint = () => {
    interrupted = true;
  };
  process.once("SIGINT", onSigint);
  try {
    return { value: await work(), interrupted };
  } finally {
    process.off("SIGINT", onSigint);
  }
}
