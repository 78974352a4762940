import { parseResolved, resolveHost, type ResolveOptions } from "@gpu-dev/client/ssh/openssh.ts";

/** An option for which ssh would use another value than the one that we wrote. */
export interface Difference {
  readonly option: string;
  readonly expected: string;
  readonly actual: string;
}

/**
 * Compares the options that `ssh -G` resolves for a host, without a connection, with the expected
 * ones. Throws if ssh itself fails.
 */
export async function verifyHost(
  options: ResolveOptions,
  host: string,
  expected: Readonly<Record<string, string>>,
): Promise<Difference[]> {
  const resolved = parseResolved((await resolveHost(options, host)).output);
  return Object.entries(expected).flatMap(([option, value]) => {
    const actual = resolved.get(option.toLowerCase())?.[0] ?? "";
    return actual === value ? [] : [{ option, expected: value, actual }];
  });
}
