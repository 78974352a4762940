import { createHash } from "node:crypto";
import Router from "@koa/router";
import type { UserId } from "@gpu-dev/shared/ids.ts";
import { routes, type Route, type RouteId } from "@gpu-dev/shared/api/routes.ts";
import { runMutation, type Outcome, type Queryable } from "../operations/unitOfWork.ts";
import { Refusal } from "../domain/refusal.ts";
import { createGate, type Caller, type Rates } from "./access.ts";
import { createConcurrencyLimit } from "./concurrencyLimit.ts";
import type { EventStreams } from "./eventStreams.ts";
import type { AnyHandler, AnyPreparation, Services } from "./handler.ts";
import { handlers, preparations } from "./handlers.ts";
import {
  addressOf,
  type Context,
  readIdempotencyKey,
  readJsonBody,
  type RequestState,
  validate,
  validateParams,
} from "./request.ts";

/** One caller uses a quarter of the database connections at most, and two of a small pool. */
const POOL_DIVISOR = 4;
/** Requests of one caller that wait for its own. */
const MAX_WAITING = 200;
const MAX_KNOWN_TOKENS = 10_000;

export interface RouterOptions {
  readonly poolSize: number;
  readonly services: Services;
  readonly rates: Rates;
  readonly streams: EventStreams;
  /**
   * In development and tests, a response body that does not match its schema is a defect: the
   * request fails with 500.
   */
  readonly validateResponses: boolean;
}

interface Input {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
}

/** Serves every route of the shared table: gate, validation, transaction, response. */
export function createRouter(options: RouterOptions): Router<RequestState> {
  const router = new Router<RequestState>();
  const gate = createGate(options.services, options.rates);
  const limit = createConcurrencyLimit({
    maxRunning: Math.max(2, Math.floor(options.poolSize / POOL_DIVISOR)),
    maxWaiting: MAX_WAITING,
  });
  const lanes = createLanes();
  for (const [id, route] of Object.entries(routes) as [RouteId, Route][]) {
    router[route.method](route.path, async (ctx: Context & { params: Record<string, string> }) => {
      ctx.state.routeId = id;
      ctx.state.target = Object.values(ctx.params)[0];
      const caller = await limit.run(lanes.laneOf(ctx), () => gate(ctx, route));
      lanes.remember(ctx, caller);
      // Outside the limit: a client that sends slowly would keep others of its address waiting.
      const input = {
        params: validateParams(route.params, ctx.params),
        query: validate("query", route.query, ctx.query),
        body: route.body && validate("body", route.body, await readJsonBody(ctx.req)),
      };
      if (route.stream === "sse") {
        options.streams.open(ctx, caller);
        return;
      }
      const prepare = (preparations as Partial<Record<RouteId, AnyPreparation>>)[id];
      const { services } = options;
      const prepared = await prepare?.({ body: input.body, server: ctx.host, services });
      await limit.run(caller.principal?.userId ?? addressLane(ctx), () =>
        respond(ctx, { id, route, caller, input, prepared }, options),
      );
    });
  }
  return router;
}

/**
 * Whose limit a request counts for, known without the database: the user whose token was accepted
 * before, otherwise the address.
 */
function createLanes() {
  const users = new Map<string, string>();
  const keyOf = (header: string): string => createHash("sha256").update(header).digest("base64url");
  return {
    laneOf: ({ req }: Pick<Context, "req">): string =>
      users.get(keyOf(req.headers.authorization ?? "")) ?? addressLane({ req }),
    remember: ({ req }: Context, { principal }: Caller): void => {
      if (principal === undefined) return;
      const key = keyOf(req.headers.authorization ?? "");
      users.delete(key);
      users.set(key, principal.userId);
      const [oldest] = users.size > MAX_KNOWN_TOKENS ? users.keys() : [];
      if (oldest !== undefined) users.delete(oldest);
    },
  };
}

const addressLane = ({ req }: Pick<Context, "req">): string => `address ${addressOf(req)}`;

/** Handles requests that match no route: 405 with the methods of the path, or 404. */
export function refuseUnmatched(routers: readonly Router<RequestState>[]) {
  return (ctx: Context): void => {
    const layers = routers.flatMap((router) => router.match(ctx.path, ctx.method).path);
    const methods = [...new Set(layers.flatMap((layer) => layer.methods))].sort();
    if (methods.length === 0) {
      throw new Refusal("not_found", "No such endpoint. See /openapi.json.");
    }
    throw new Refusal(
      "method_not_allowed",
      `This path supports ${methods.join(", ")}, not ${ctx.method}.`,
      { headers: { allow: methods.join(", ") } },
    );
  };
}

/**
 * A weak ETag, because it identifies the content and not its bytes. It begins with the generation
 * if there is one. The hash is needed too: the place in the queue changes without the reservation.
 */
export function etagOf(body: unknown, serialized: string): string {
  const hash = createHash("sha256").update(serialized).digest("base64url").slice(0, 16);
  const generation = (body as { generation?: unknown } | undefined)?.generation;
  return typeof generation === "number" ? `W/"${String(generation)}-${hash}"` : `W/"${hash}"`;
}

/** Returns whether the client already has this content. */
export function matchesEtag(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  if (ifNoneMatch.trim() === "*") return true;
  const opaque = (tag: string): string => tag.trim().replace(/^W\//, "");
  return ifNoneMatch.split(",").map(opaque).includes(opaque(etag));
}

async function respond(
  ctx: Context,
  call: {
    readonly id: RouteId;
    readonly route: Route;
    readonly caller: Caller;
    readonly input: Input;
    readonly prepared: unknown;
  },
  { services, validateResponses }: RouterOptions,
): Promise<void> {
  const { id, route, caller, input, prepared } = call;
  const handler = handlers[id] as AnyHandler;
  const work = async (db: Queryable): Promise<Outcome> => {
    let auditedUser = caller.principal?.userId;
    const setAuditedUser = (user: UserId): void => {
      auditedUser = user;
    };
    const call = { ...input, ...caller, server: ctx.host, prepared, setAuditedUser };
    const body = await handler({ ...call, db, services });
    if (validateResponses) route.response.schema?.parse(body);
    return { status: route.response.status, body, auditedUser };
  };
  if (route.method === "get") {
    sendRead(ctx, (await work(services.database)).body);
    return;
  }
  const key = route.idempotent ? readIdempotencyKey(ctx.headers["idempotency-key"]) : undefined;
  const { status, body } = await runMutation(
    services,
    {
      action: id,
      target: ctx.state.target,
      principal: caller.principal,
      requestId: ctx.state.requestId,
      idempotency: key === undefined ? undefined : { key, fingerprint: input.body },
    },
    work,
  );
  ctx.status = status;
  if (body !== undefined) sendJson(ctx, JSON.stringify(body));
}

function sendRead(ctx: Context, body: unknown): void {
  const text = JSON.stringify(body);
  const etag = etagOf(body, text);
  ctx.set("etag", etag);
  if (matchesEtag(ctx.headers["if-none-match"], etag)) {
    ctx.status = 304;
    return;
  }
  ctx.status = 200;
  sendJson(ctx, text);
}

function sendJson(ctx: Context, text: string): void {
  ctx.type = "application/json";
  ctx.body = text;
}
