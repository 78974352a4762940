/**
 * Every error that the API returns, with its HTTP status and title. Clients branch on the code,
 * users read the detail. Codes are never renamed.
 */
export const ERROR_CODES = {
  invalid_request: { status: 400, title: "The request is not valid" },
  unauthenticated: { status: 401, title: "Sign in first" },
  invalid_credentials: { status: 401, title: "The sign-in was refused" },
  forbidden: { status: 403, title: "Not permitted" },
  origin_refused: { status: 403, title: "Requests from this origin are refused" },
  not_found: { status: 404, title: "Not found" },
  method_not_allowed: { status: 405, title: "This path does not support this method" },
  request_timeout: { status: 408, title: "The request took too long to arrive" },
  name_taken: { status: 409, title: "The name is taken" },
  disk_in_use: { status: 409, title: "The disk is in use" },
  state_conflict: { status: 409, title: "The reservation is not in a state that allows this" },
  extension_refused: { status: 409, title: "The reservation cannot be extended that far" },
  idempotency_key_reused: {
    status: 422,
    title: "The idempotency key was used for another request",
  },
  body_too_large: { status: 413, title: "The request body is too large" },
  unsupported_media_type: { status: 415, title: "The request body must be JSON" },
  never_possible: { status: 422, title: "This request can never run here" },
  quota_exceeded: { status: 422, title: "The limit is reached" },
  headers_too_large: { status: 431, title: "The request headers are too large" },
  rate_limited: { status: 429, title: "Too many requests" },
  internal_error: { status: 500, title: "The server failed unexpectedly" },
  database_unavailable: { status: 503, title: "The database is temporarily unavailable" },
  cluster_unavailable: { status: 503, title: "The cluster is temporarily unavailable" },
  shutting_down: { status: 503, title: "The server is restarting" },
} as const satisfies Record<string, { status: number; title: string }>;

export type ErrorCode = keyof typeof ERROR_CODES;

/** The longest chain of causes that is followed; a longer one is treated as a cycle. */
const MAX_CAUSES = 16;

/**
 * The error and every `cause` below it, outermost first. A value that is not an error ends the
 * chain and is included.
 */
export function causesOf(error: unknown): unknown[] {
  const chain: unknown[] = [];
  let current = error;
  while (current !== undefined && current !== null && chain.length < MAX_CAUSES) {
    chain.push(current);
    current = current instanceof Error ? current.cause : undefined;
  }
  return chain;
}

/**
 * The first string `code` in the chain of causes, as Node, undici and pg set it ("ECONNREFUSED",
 * "57P01").
 */
export function codeOf(error: unknown): string | undefined {
  for (const cause of causesOf(error)) {
    const code = (cause as { readonly code?: unknown }).code;
    if (typeof code === "string") return code;
  }
  return undefined;
}
