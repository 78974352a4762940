import type { Problem } from "@gpu-dev/shared/errors.ts";

/** A problem as an older client reads a newer server's: a code that it does not know is no reason to fail. */
export type LenientProblem = Omit<Problem, "code"> & { code: string };

/** The server understood the request and said no. `problem.detail` is written for people. */
export class ApiError extends Error {
  readonly problem: LenientProblem;
  readonly status: number;
  readonly code: string;
  /** Seconds that the server asks to wait before another try; null where it did not say. */
  readonly retryAfterSeconds: number | null;

  constructor(problem: LenientProblem, retryAfterSeconds: number | null = null) {
    super(problem.detail);
    this.name = "ApiError";
    this.problem = problem;
    this.status = problem.status;
    this.code = problem.code;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** No answer of ours came back: not running, not reachable, too slow, or something else answered. */
export class ConnectionError extends Error {
  readonly url: string;

  constructor(url: string, why: string, options: { next?: string; cause?: unknown } = {}) {
    const next =
      options.next ?? "Check the address and that the server runs, then try again in a moment.";
    super(`No answer from the server at ${url}: ${why}. ${next}`, { cause: options.cause });
    this.name = "ConnectionError";
    this.url = url;
  }
}

/** The answer has a shape that this version does not know: one of the two sides is older. */
export class UnexpectedResponse extends Error {
  readonly url: string;

  constructor(url: string, where: string) {
    super(
      `The server at ${url} answered in a way that this version does not understand (${where}). ` +
        "Client and server are of different versions: update this client.",
    );
    this.name = "UnexpectedResponse";
    this.url = url;
  }
}

/** Why a fetch failed, in words: undici hides the reason in `cause`. */
export function describeNetworkFailure(error: unknown): string {
  for (let current: unknown = error, depth = 0; current instanceof Error && depth < 5; depth += 1) {
    const code = (current as { code?: unknown }).code;
    if (typeof code === "string") return REASONS[code] ?? code;
    current = current.cause;
  }
  return error instanceof Error ? error.message : "the request failed";
}

const REASONS: Record<string, string> = {
  ECONNREFUSED: "nothing listens there (connection refused)",
  ECONNRESET: "the connection was cut",
  UND_ERR_SOCKET: "the connection was cut",
  ENOTFOUND: "the host name is not known",
  EAI_AGAIN: "the host name could not be looked up just now",
  EHOSTUNREACH: "the network has no way to it",
  ENETUNREACH: "the network has no way to it",
  ETIMEDOUT: "it took too long to connect",
  UND_ERR_CONNECT_TIMEOUT: "it took too long to connect",
  CERT_HAS_EXPIRED: "its certificate has expired",
  DEPTH_ZERO_SELF_SIGNED_CERT: "its certificate is self-signed (set NODE_EXTRA_CA_CERTS)",
  SELF_SIGNED_CERT_IN_CHAIN: "its certificate comes from an unknown CA (set NODE_EXTRA_CA_CERTS)",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    "its certificate comes from an unknown CA (set NODE_EXTRA_CA_CERTS)",
};
