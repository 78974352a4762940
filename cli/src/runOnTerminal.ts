import { spawn } from "node:child_process";
import { ProgramError } from "@gpu-dev/client/runProgram.ts";

/** Runs a program on the user's own terminal; resolves with its exit code, 128 + n for a signal. */
export async function runOnTerminal(name: string, args: readonly string[]): Promise<number> {
  const child = spawn(name, args, { stdio: "inherit" });
  // Ctrl-C is for the program in the foreground; it decides what that means.
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
