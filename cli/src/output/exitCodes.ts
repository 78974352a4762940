import { ApiError, ConnectionError } from "@gpu-dev/client/http/apiErrors.ts";
import { SignInError } from "@gpu-dev/client/signIn/server.ts";

/** Stable for scripts. docs/cli.md and `gpu-dev help exit-codes` list the same codes. */
export const EXIT_CODES = {
  ok: 0,
  unexpected: 1,
  usage: 2,
  notSignedIn: 3,
  notFound: 4,
  refused: 5,
  unreachable: 6,
  reservationOver: 7,
  interrupted: 130,
} as const;
export type ExitName = keyof typeof EXIT_CODES;

export const EXIT_CODE_MEANINGS: Readonly<Record<ExitName, string>> = {
  ok: "success",
  unexpected: "an unexpected error",
  usage: "the command line or a value in it is not valid",
  notSignedIn: "not signed in, or the sign-in was refused",
  notFound: "no such reservation, disk or host",
  refused: "refused: a conflict, a limit, or not permitted",
  unreachable: "the server can't be reached or is unavailable",
  reservationOver: "the reservation failed to start, or ended while the command waited",
  interrupted: "stopped with Ctrl-C, or by answering no",
};

/** An error of the command itself. The message is a complete user-facing sentence. */
export class CliError extends Error {
  override readonly name = "CliError";
  readonly exit: ExitName;

  constructor(exit: ExitName, message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options);
    this.exit = exit;
  }
}

export function exitNameFor(error: unknown): ExitName {
  if (error instanceof CliError) return error.exit;
  if (error instanceof SignInError) return "notSignedIn";
  if (error instanceof ConnectionError) return "unreachable";
  if (!(error instanceof ApiError)) return "unexpected";
  if (error.status === 401) return "notSignedIn";
  if (error.status === 404) return "notFound";
  if (error.status === 400 || error.code === "never_possible") return "usage";
  if (error.status === 502 || error.status === 503 || error.status === 504) return "unreachable";
  return error.status >= 500 ? "unexpected" : "refused";
}
