import { spawn } from "node:child_process";
import { Second } from "@gpu-dev/shared/durations.ts";

export interface ProgramResult {
  /** Undefined if a signal ended the program. */
  readonly code: number | undefined;
  readonly output: string;
  readonly errors: string;
}

const PROGRAM_TIMEOUT_MS = 10 * Second.ms;

/** The program is not installed, may not be executed, or did not end in time. */
export class ProgramError extends Error {
  override readonly name = "ProgramError";

  constructor(program: string, cause: Error) {
    const next = "Install the OpenSSH client and try again.";
    super(`${program} could not be run (${cause.message}). ${next}`, { cause });
  }
}

/** Runs one of OpenSSH's programs without a shell, with a timeout, and collects its output. */
export async function runProgram(name: string, args: readonly string[]): Promise<ProgramResult> {
  const child = spawn(name, args, {
    stdio: ["ignore", "pipe", "pipe"],
    signal: AbortSignal.timeout(PROGRAM_TIMEOUT_MS),
    windowsHide: true,
  });
  let output = "";
  let errors = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => (output += chunk));
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (errors += chunk));
  return new Promise((resolve, reject) => {
    child.on("error", (error) => {
      reject(new ProgramError(name, error));
    });
    child.on("close", (code) => {
      resolve({ code: code ?? undefined, output, errors });
    });
  });
}

export interface ResolveOptions {
  /** The ssh program: a name on the PATH or an absolute path. */
  readonly ssh: string;
  /** Passed as -F; without it, ssh reads the user's and the system's files. */
  readonly configFile?: string | undefined;
}

/** ssh can't read its configuration. The message is ssh's own, with the file and line. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/** The values of each option, with its name in lower case, from the output of `ssh -G`. */
export function parseResolved(output: string): Map<string, string[]> {
  const resolved = new Map<string, string[]>();
  for (const line of output.split(/\r?\n/)) {
    const space = line.indexOf(" ");
    if (space === -1) continue;
    const key = line.slice(0, space).toLowerCase();
    resolved.set(key, [...(resolved.get(key) ?? []), line.slice(space + 1)]);
  }
  return resolved;
}

/** Runs `ssh -G`, whose debug output on stderr names the files and blocks that it uses. */
export async function resolveHost(
  { ssh, configFile }: ResolveOptions,
  host: string,
): Promise<ProgramResult> {
  const file = configFile === undefined ? [] : ["-F", configFile];
  const result = await runProgram(ssh, [...file, "-v", "-G", host]);
  if (result.code === 0) return result;
  const lines = result.errors
    .split(/\r?\n/)
    .filter((line) => !/^(debug\d:|OpenSSH_|$)|: terminating, /.test(line))
    .map((line) => line.replace(/\.$/, ""));
  throw new ConfigError(`ssh can't read its configuration: ${lines.join("; ")}`);
}
