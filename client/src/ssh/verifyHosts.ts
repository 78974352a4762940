import { runProgram } from "../runProgram.ts";

/** One option where ssh would use something else than what we wrote. */
export interface Difference {
  readonly option: string;
  readonly wanted: string;
  readonly got: string;
}

export interface VerifyOptions {
  /** The ssh program: a name on the PATH or an absolute path. */
  readonly ssh: string;
  /** Passed as -F; left out, ssh reads the user's and the system's files. */
  readonly configFile?: string | undefined;
}

/** Asks `ssh -G` what it would do for a host, without connecting, and compares. Throws where ssh itself fails. */
export async function verifyHost(
  options: VerifyOptions,
  host: string,
  wanted: Readonly<Record<string, string>>,
): Promise<Difference[]> {
  const resolved = parseResolved(await runSsh(options, host));
  return Object.entries(wanted).flatMap(([option, value]) => {
    const got = resolved.get(option.toLowerCase())?.[0] ?? "";
    return got === value ? [] : [{ option, wanted: value, got }];
  });
}

export function parseResolved(output: string): Map<string, string[]> {
  const resolved = new Map<string, string[]>();
  for (const line of output.split(/\r?\n/)) {
    const space = line.indexOf(" ");
    if (space === -1) continue;
    const key = line.slice(0, space);
    resolved.set(key, [...(resolved.get(key) ?? []), line.slice(space + 1)]);
  }
  return resolved;
}

async function runSsh(options: VerifyOptions, host: string): Promise<string> {
  const file = options.configFile === undefined ? [] : ["-F", options.configFile];
  const { code, output, errors } = await runProgram(options.ssh, [...file, "-G", host]);
  if (code === 0) return output;
  throw new Error(`ssh can't read its configuration: ${errors.trim()}`);
}
