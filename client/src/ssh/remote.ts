import { spawn } from "node:child_process";
import { posix, resolve } from "node:path";
import { ProgramError } from "./openssh.ts";

/** A host of the generated SSH files. */
export interface RemoteHost {
  readonly configFile: string;
  readonly hostName: string;
  /** Relative remote paths start here. */
  readonly workspacePath: string;
}

export interface RunOptions {
  /** Written to the command's standard input; empty by default. */
  readonly input?: string | Uint8Array | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number | undefined;
  /** Called with each piece of output as it arrives. */
  readonly onOutput?: ((stream: "stdout" | "stderr", text: string) => void) | undefined;
}

export interface RunResult {
  /** The exit code of the command; 255 if ssh itself failed, with its reason in `stderr`. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** ssh's exit code for its own failures, and for a command that a signal ended. */
const SSH_FAILURE = 255;

/**
 * Runs a command on a host. An array is a program with its arguments, which no shell interprets; a
 * string is a command line for the remote user's shell. An abort or a timeout ends ssh and rejects
 * with the signal's reason.
 */
export async function runOnHost(
  { configFile, hostName }: RemoteHost,
  command: string | readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  if (command.length === 0) {
    throw new Error("No command was given; an empty one would start a shell on the host.");
  }
  const line = typeof command === "string" ? command : command.map(quoteForShell).join(" ");
  const args = ["-F", configFile, "-o", "BatchMode=yes", "-T", hostName, "--", line];
  return runProgramWith("ssh", args, options);
}

/** Copies a local file or folder to a host. Throws if scp fails. */
export async function copyToHost(
  host: RemoteHost,
  localPath: string,
  remotePath: string,
  options: RunOptions = {},
): Promise<void> {
  await copy(host, resolve(localPath), remoteLocation(host, remotePath), options);
}

/** Copies a file or folder from a host. Throws if scp fails. */
export async function copyFromHost(
  host: RemoteHost,
  remotePath: string,
  localPath: string,
  options: RunOptions = {},
): Promise<void> {
  await copy(host, remoteLocation(host, remotePath), resolve(localPath), options);
}

async function copy(
  host: RemoteHost,
  from: string,
  to: string,
  options: RunOptions,
): Promise<void> {
  const args = ["-F", host.configFile, "-B", "-q", "-r", "--", from, to];
  const { code, stderr } = await runProgramWith("scp", args, options);
  if (code === 0) return;
  throw new Error(
    `scp could not copy ${from} to ${to} (exit code ${String(code)}): ${stderr.trim()}`,
  );
}

function remoteLocation({ hostName, workspacePath }: RemoteHost, path: string): string {
  return `${hostName}:${posix.resolve(workspacePath, path)}`;
}

/**
 * ssh joins its arguments with blanks and the remote shell splits them again, so each is quoted for
 * that shell.
 */
function quoteForShell(argument: string): string {
  return `'${argument.replaceAll("'", `'\\''`)}'`;
}

async function runProgramWith(
  program: string,
  args: readonly string[],
  { input, signal, timeoutMs, onOutput }: RunOptions,
): Promise<RunResult> {
  const timeout = timeoutMs === undefined ? undefined : AbortSignal.timeout(timeoutMs);
  const signals = [signal, timeout].filter((each) => each !== undefined);
  const stop = AbortSignal.any(signals);
  stop.throwIfAborted();
  const child = spawn(program, args, { stdio: "pipe", signal: stop, windowsHide: true });
  const output = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"] as const) {
    child[stream].setEncoding("utf8").on("data", (text: string) => {
      output[stream] += text;
      onOutput?.(stream, text);
    });
  }
  // The command may end before it has read its whole input.
  child.stdin.on("error", () => undefined);
  child.stdin.end(input ?? "");
  return new Promise((resolveResult, reject) => {
    child.on("error", (error) => {
      reject(stop.aborted ? (stop.reason as Error) : new ProgramError(program, error));
    });
    child.on("close", (code) => {
      resolveResult({ code: code ?? SSH_FAILURE, ...output });
    });
  });
}
