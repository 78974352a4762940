import { Second } from "@gpu-dev/shared/durations.ts";
import type { ProgramOutput } from "../../support/sshClient.ts";
import type { SshServerUnderTest } from "./serverUnderTest.ts";

/** One rule of the SSH contract: what a client observes, as a plain value. */
export interface ConductCase {
  readonly name: string;
  readonly expected: unknown;
  readonly observe: (server: SshServerUnderTest) => Promise<unknown>;
  /** Starts a server for this case, because other cases cannot use it afterwards. */
  readonly ownServer?: boolean;
}

/** How long a case runs that is known to hang with one of the servers. */
export const HANG_MS = 5 * Second.ms;

export interface Outcome {
  readonly code: number | "timed out";
  readonly stdout: string;
  readonly stderr: string;
}

/** The output with the server's folders replaced, so that it is the same for each server. */
export function outcomeOf(server: SshServerUnderTest, output: ProgramOutput): Outcome {
  return {
    code: output.code ?? "timed out",
    stdout: withoutFolders(server, output.stdout),
    stderr: withoutFolders(server, output.stderr),
  };
}

export function withoutFolders(server: SshServerUnderTest, text: string): string {
  return text
    .replaceAll(server.home, "HOME")
    .replaceAll(server.workspace, "WORKSPACE")
    .replaceAll(server.folder, "FOLDER");
}

const MAX_WAIT_MS = 20 * Second.ms;

/** The value of the promise, or "timed out". */
export async function withTimeout<T>(promise: Promise<T>): Promise<T | "timed out"> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<"timed out">((resolve) => {
    timer = setTimeout(() => {
      resolve("timed out");
    }, MAX_WAIT_MS);
  });
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
