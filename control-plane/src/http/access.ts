import type { Next } from "koa";
import type { Route } from "@gpu-dev/shared/api/routes.ts";
import type { Principal, Viewer } from "../domain/principal.ts";
import { Refusal } from "../domain/refusal.ts";
import { authenticate } from "../operations/authenticate.ts";
import type { Services } from "./handler.ts";
import { createRateLimit, type Rate } from "./rateLimit.ts";
import { addressOf, type Context } from "./request.ts";

const LOOPBACK = ["127.0.0.1", "localhost", "[::1]"];

export interface Rates {
  readonly reads: Rate;
  readonly writes: Rate;
  /** Per address, for public routes and for requests whose token was refused. */
  readonly anonymous: Rate;
}

export interface Caller {
  readonly principal: Principal | undefined;
  readonly viewer: Viewer | undefined;
}

/**
 * Blocks web pages, also from a server on loopback or in a private network: a page that rebinds its
 * name to 127.0.0.1 still sends its own Host, and a page that calls this server sends its Origin.
 * Our clients send none.
 * @param port the port of the server, known only once it listens
 * @param publicHosts names that clients use besides loopback, with any non-default port
 */
export function checkHost(port: () => number, publicHosts: readonly string[]) {
  return async (ctx: Context, next: Next): Promise<void> => {
    const loopback = LOOPBACK.map((name) => `${name}:${String(port())}`);
    const allowed = [...publicHosts, ...loopback];
    if (!allowed.includes(ctx.headers.host?.toLowerCase() ?? "")) {
      throw new Refusal(
        "origin_refused",
        `This server does not serve that Host. Use one of ${allowed.join(", ")}.`,
      );
    }
    if (ctx.headers.origin !== undefined) {
      throw new Refusal(
        "origin_refused",
        "Requests from web pages are refused. Use the command line, the editor or another HTTP client.",
      );
    }
    await next();
  };
}

/**
 * Authenticates the caller and applies the route's `access` rule: returns the caller or throws 401,
 * 403 or 429.
 */
export function createGate(services: Services, rates: Rates) {
  const { database: db, clock } = services;
  const limitReads = createRateLimit(rates.reads, clock);
  const limitWrites = createRateLimit(rates.writes, clock);
  const limitAnonymous = createRateLimit(rates.anonymous, clock);

  return async (ctx: Context, route: Route): Promise<Caller> => {
    if (route.access === "public") {
      limitAnonymous(addressOf(ctx.req));
      return { principal: undefined, viewer: undefined };
    }
    const result = await authenticate({ db, clock }, ctx.headers.authorization);
    if (result.outcome === "refused") {
      limitAnonymous(addressOf(ctx.req));
      if (result.userId === undefined) throw result.refusal;
      ctx.state.userId = result.userId;
      const { code, message, headers } = result.refusal;
      throw new Refusal(code, message, { headers, audited: true });
    }
    const { principal } = result;
    ctx.state.principal = principal;
    (route.method === "get" ? limitReads : limitWrites)(principal.userId);
    if (route.access === "operator" && principal.role === "user") {
      throw new Refusal(
        "forbidden",
        "Only operators and administrators may see this. The server assigns roles; ask an operator.",
        { audited: true },
      );
    }
    const everyone = route.operatorMayAct === true && principal.role !== "user";
    return { principal, viewer: { userId: principal.userId, everyone } };
  };
}
