import type { z } from "zod";
import { type Route, routes } from "@gpu-dev/shared/api/routes.ts";
import { Second } from "@gpu-dev/shared/durations.ts";
import { withoutNull } from "../absence.ts";
import { pause } from "../clock.ts";
import { ApiError, ConnectionError, UnexpectedResponse } from "./apiErrors.ts";
import { backoffMs, READ_BACKOFF } from "./backoff.ts";
import { type EventsOptions, type StreamItem, streamEvents } from "./eventStream.ts";
import { lenientParse } from "./lenientParse.ts";
import type { CallableRouteId, CallArguments, ResponseOf } from "./routeTypes.ts";
import {
  connectionFailure,
  ForeignResponse,
  parseJson,
  send,
  type TransportOptions,
  type WireRequest,
} from "./transport.ts";

export type ApiClientOptions = TransportOptions;

export interface ApiClient {
  readonly baseUrl: string;
  /**
   * Calls one route of the route table. Throws ApiError (the server refused), ConnectionError (no
   * response) or UnexpectedResponse (another version). Reads are tried up to three times; writes
   * only with an idempotency key, which routes that create something get automatically.
   */
  call<Id extends CallableRouteId>(...args: CallArguments<Id>): Promise<ResponseOf<Id>>;
  /**
   * The events of the user's own reservations and disks. Reconnects automatically while it is
   * iterated.
   */
  events(options?: EventsOptions): AsyncGenerator<StreamItem, void, undefined>;
}

const MAX_TRIES = 3;
const DEFAULT_TIMEOUT_MS = 15 * Second.ms;
const RETRY_STATUSES: readonly number[] = [429, 502, 503, 504];
const MAX_RETRY_AFTER_SECONDS = 20;

/**
 * Uses only fetch and web APIs, so that it runs in Node 22 and newer and in an editor's extension
 * host.
 */
export function createApiClient(given: ApiClientOptions): ApiClient {
  const options = shareRenewal(given);
  return {
    baseUrl: options.baseUrl,
    call: async <Id extends CallableRouteId>(...args: CallArguments<Id>) => {
      const [id, callOptions] = args;
      return (await callRoute(options, id, callOptions ?? {})) as ResponseOf<Id>;
    },
    events: (eventsOptions = {}) => streamEvents(options, eventsOptions),
  };
}

/**
 * One renewal at a time; a call whose token has been renewed since it was sent only repeats its
 * request.
 */
function shareRenewal(options: TransportOptions): TransportOptions {
  const { token, renew } = options;
  if (renew === undefined) return options;
  let current: Promise<boolean> | undefined;
  return {
    ...options,
    renew: async (refusedToken) => {
      if (token?.() !== refusedToken) return true;
      current ??= renew(refusedToken).finally(() => {
        current = undefined;
      });
      return current;
    },
  };
}

interface LooseCallOptions {
  readonly params?: unknown;
  readonly query?: unknown;
  readonly body?: unknown;
  readonly idempotencyKey?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

async function callRoute(
  options: TransportOptions,
  id: CallableRouteId,
  call: LooseCallOptions,
): Promise<unknown> {
  const route: Route = routes[id];
  const key = call.idempotencyKey ?? (route.idempotent === true ? crypto.randomUUID() : undefined);
  const request: WireRequest = {
    method: route.method.toUpperCase(),
    path: pathOf(route.path, call.params) + queryOf(call.query),
    headers: {
      ...(call.body === undefined ? {} : { "content-type": "application/json" }),
      ...(key === undefined ? {} : { "idempotency-key": key }),
    },
    ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
    timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    signal: call.signal,
  };
  const tries = route.method === "get" || key !== undefined ? MAX_TRIES : 1;
  const text = await sendWithRetries(options, request, tries);
  return readResponse(options.baseUrl, route.response.schema, text);
}

async function sendWithRetries(
  options: TransportOptions,
  request: WireRequest,
  tries: number,
): Promise<string> {
  let renewed = false;
  for (let attempt = 0; ; attempt += 1) {
    const token = options.token?.();
    try {
      const response = await send(options, request);
      return await response.text().catch((error: unknown) => {
        throw connectionFailure(options.baseUrl, error, request);
      });
    } catch (error) {
      if (isUnauthenticated(error) && !renewed && options.renew !== undefined) {
        renewed = true;
        // A request with a renewed token does not count as a retry: the server refused the first
        // one at once.
        if (await options.renew(token)) {
          attempt -= 1;
          continue;
        }
      }
      const waitMs = retryWaitMs(error, attempt, options.random ?? Math.random);
      if (waitMs === undefined || attempt + 1 >= tries) throw error;
      await pause(waitMs, request.signal);
      request.signal?.throwIfAborted();
    }
  }
}

/** How long to wait before the next try; undefined if another try would not help. */
function retryWaitMs(error: unknown, attempt: number, random: () => number): number | undefined {
  const hasStatus = error instanceof ApiError || error instanceof ForeignResponse;
  if (hasStatus && !RETRY_STATUSES.includes(error.status)) return undefined;
  if (!hasStatus && !(error instanceof ConnectionError)) return undefined;
  const requestedSeconds = hasStatus ? error.retryAfterSeconds : undefined;
  if (requestedSeconds !== undefined && requestedSeconds > MAX_RETRY_AFTER_SECONDS)
    return undefined;
  return requestedSeconds === undefined
    ? backoffMs(READ_BACKOFF, attempt, random)
    : requestedSeconds * Second.ms;
}

export function isUnauthenticated(error: unknown): boolean {
  return error instanceof ApiError && error.code === "unauthenticated";
}

function readResponse(baseUrl: string, schema: z.ZodType | null, text: string): unknown {
  if (schema === null) return undefined;
  const parsed = lenientParse(schema, parseJson(text));
  if (!parsed.ok) throw new UnexpectedResponse(baseUrl, parsed.where);
  return withoutNull(parsed.value);
}

function pathOf(template: string, params: unknown): string {
  const values = (params ?? {}) as Record<string, unknown>;
  return template.replaceAll(/:([A-Za-z]+)/g, (_, name: string) =>
    encodeURIComponent(String(values[name])),
  );
}

function queryOf(query: unknown): string {
  const pairs = Object.entries((query ?? {}) as Record<string, unknown>)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]): [string, string] => [key, String(value)]);
  return pairs.length === 0 ? "" : `?${new URLSearchParams(pairs).toString()}`;
}
