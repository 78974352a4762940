import * as z from "zod";
import { Second } from "@gpu-dev/shared/durations.ts";
import { ApiError, ConnectionError, describeNetworkFailure } from "./apiErrors.ts";
import { retryAfterSeconds } from "./backoff.ts";

export interface TransportOptions {
  /** Origin of the server, with or without a path before /v1: "http://127.0.0.1:8710". */
  readonly baseUrl: string;
  readonly token?: (() => string | undefined) | undefined;
  /**
   * Called after the server refused a token; returns true if `token()` now returns a renewed one.
   * Concurrent calls of one client share one renewal.
   */
  readonly renew?: ((refusedToken: string | undefined) => Promise<boolean>) | undefined;
  readonly fetch?: typeof fetch | undefined;
  readonly timeoutMs?: number | undefined;
  readonly userAgent?: string | undefined;
  /** For tests: between 0 and 1. */
  readonly random?: (() => number) | undefined;
}

export interface WireRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** No limit if undefined (the event stream has a watchdog instead). */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/** Sends one request once. Resolves for 2xx, throws ApiError or ConnectionError otherwise. */
export async function send(options: TransportOptions, request: WireRequest): Promise<Response> {
  const url = options.baseUrl.replace(/\/+$/, "") + request.path;
  const timeout =
    request.timeoutMs === undefined ? undefined : AbortSignal.timeout(request.timeoutMs);
  const signals = [timeout, request.signal].filter((signal) => signal !== undefined);
  const token = options.token?.();
  let response: Response;
  try {
    response = await (options.fetch ?? fetch)(url, {
      method: request.method,
      redirect: "error",
      headers: {
        accept: "application/json",
        ...(options.userAgent === undefined ? {} : { "user-agent": options.userAgent }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...request.headers,
      },
      ...(request.body === undefined ? {} : { body: request.body }),
      ...(signals.length === 0 ? {} : { signal: AbortSignal.any(signals) }),
    });
  } catch (error) {
    throw connectionFailure(options.baseUrl, error, request, timeout);
  }
  if (response.ok) return response;
  throw await refusal(options.baseUrl, response);
}

/**
 * Converts an error of fetch or of a body to a ConnectionError; an abort by the caller is returned
 * unchanged.
 */
export function connectionFailure(
  baseUrl: string,
  error: unknown,
  request: WireRequest,
  timeout?: AbortSignal,
): unknown {
  if (request.signal?.aborted === true) return error;
  const timedOut =
    timeout?.aborted === true || (error instanceof Error && error.name === "TimeoutError");
  const seconds = String(Math.round((request.timeoutMs ?? 0) / Second.ms));
  const reason = timedOut ? `it took longer than ${seconds} s` : describeNetworkFailure(error);
  return new ConnectionError(baseUrl, reason, { cause: error });
}

const lenientProblem = z.object({
  type: z.string().default("about:blank"),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  code: z.string(),
  requestId: z.string().default(""),
  errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
});

async function refusal(baseUrl: string, response: Response): Promise<ApiError | ConnectionError> {
  const text = await response.text().catch(() => "");
  const parsed = lenientProblem.safeParse(parseJson(text));
  const retryAfter = retryAfterSeconds(response.headers.get("retry-after") ?? undefined);
  if (parsed.success) {
    const { errors, ...rest } = parsed.data;
    return new ApiError(errors === undefined ? rest : { ...rest, errors }, retryAfter);
  }
  return new ForeignResponse(baseUrl, response.status, retryAfter);
}

/**
 * A status without a problem document: a proxy or a load balancer responded in the server's place.
 */
export class ForeignResponse extends ConnectionError {
  override readonly name = "ForeignResponse";
  readonly status: number;
  readonly retryAfterSeconds: number | undefined;

  constructor(baseUrl: string, status: number, retryAfter: number | undefined) {
    super(baseUrl, `another program responded with status ${String(status)}`, {
      next: "Check the address, and any proxy or load balancer on the way to it.",
    });
    this.status = status;
    this.retryAfterSeconds = retryAfter;
  }
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
