import type { Problem } from "@gpu-dev/shared/api/problem.ts";
import { codeOf } from "@gpu-dev/shared/errors.ts";

/** A problem as an older client reads it from a newer server: the code may be unknown. */
export type LenientProblem = Omit<Problem, "code"> & { readonly code: string };

/** The server understood the request and refused it. `problem.detail` is a user-facing message. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly problem: LenientProblem;
  readonly status: number;
  readonly code: string;
  /** Seconds that the server asks to wait before another try; undefined if it did not say. */
  readonly retryAfterSeconds: number | undefined;

  constructor(problem: LenientProblem, retryAfterSeconds?: number) {
    super(problem.detail);
    this.problem = problem;
    this.status = problem.status;
    this.code = problem.code;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/**
 * The server did not respond: not running, not reachable, too slow, or another program responded.
 */
export class ConnectionError extends Error {
  override readonly name: string = "ConnectionError";
  readonly url: string;

  constructor(
    url: string,
    reason: string,
    options: { readonly next?: string; readonly cause?: unknown } = {},
  ) {
    const next =
      options.next ?? "Check the address and that the server is running, then try again.";
    super(`No response from the server at ${url}: ${reason}. ${next}`, { cause: options.cause });
    this.url = url;
  }
}

/**
 * The response has a shape that this version does not know: client and server are of different
 * versions.
 */
export class UnexpectedResponse extends Error {
  override readonly name = "UnexpectedResponse";
  readonly url: string;

  constructor(url: string, where: string) {
    super(
      `This version does not understand the response of the server at ${url} (${where}). ` +
        "Client and server are of different versions: update the older one.",
    );
    this.url = url;
  }
}

/** Why a fetch failed. undici puts the reason in `cause`. */
export function describeNetworkFailure(error: unknown): string {
  const code = codeOf(error);
  if (code !== undefined) return REASONS[code] ?? code;
  return error instanceof Error ? error.message : "the request failed";
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "no program listens there (connection refused)",
  ECONNRESET: "the connection was closed",
  UND_ERR_SOCKET: "the connection was closed",
  ENOTFOUND: "the host name is unknown",
  EAI_AGAIN: "the host name could not be resolved at present",
  EHOSTUNREACH: "there is no network route to it",
  ENETUNREACH: "there is no network route to it",
  ETIMEDOUT: "the connection timed out",
  UND_ERR_CONNECT_TIMEOUT: "the connection timed out",
  CERT_HAS_EXPIRED: "its certificate has expired",
  DEPTH_ZERO_SELF_SIGNED_CERT: "its certificate is self-signed (set NODE_EXTRA_CA_CERTS)",
  SELF_SIGNED_CERT_IN_CHAIN: "its certificate is from an unknown CA (set NODE_EXTRA_CA_CERTS)",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    "its certificate is from an unknown CA (set NODE_EXTRA_CA_CERTS)",
};
