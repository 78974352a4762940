import type { Route } from "@gpu-dev/shared/api/routes.ts";
import { authenticate } from "../operations/authenticate.ts";
import type { Principal, Viewer } from "../domain/principal.ts";
import { Refusal } from "../domain/refusal.ts";
import type { Services } from "./handler.ts";
import { createRateLimit, type Rate } from "./rateLimit.ts";
import { addressOf, type Context } from "./requestState.ts";

export interface Rates {
  readonly reads: Rate;
  readonly writes: Rate;
  /** Per address, for routes that need no sign-in and for requests whose token was refused. */
  readonly anonymous: Rate;
}

export interface Caller {
  readonly principal: Principal | null;
  readonly viewer: Viewer | null;
}

/** Decides who calls and whether the route's `access` lets them: 401, 403 or 429, or the caller. */
export function createGate(services: Services, rates: Rates) {
  const { database: db, clock } = services;
  const limitReads = createRateLimit(rates.reads, clock);
  const limitWrites = createRateLimit(rates.writes, clock);
  const limitAnonymous = createRateLimit(rates.anonymous, clock);

  return async (ctx: Context, route: Route): Promise<Caller> => {
    if (route.access === "public") {
      limitAnonymous(addressOf(ctx.req));
      return { principal: null, viewer: null };
    }
    const found = await authenticate({ db, clock }, ctx.headers.authorization);
    if (found.outcome === "refused") {
      limitAnonymous(addressOf(ctx.req));
      if (found.userId === null) throw found.refusal;
      ctx.state.userId = found.userId;
      const { code, message, headers } = found.refusal;
      throw new Refusal(code, message, { headers, audited: true });
    }
    const { principal } = found;
    ctx.state.principal = principal;
    (route.method === "get" ? limitReads : limitWrites)(principal.userId);
    if (route.access === "operator" && principal.role === "user") {
      throw new Refusal(
        "forbidden",
        "Only operators and administrators may see this. Sign in with that role, or ask one of them.",
        { audited: true },
      );
    }
    const everyone = route.operatorMayAct === true && principal.role !== "user";
    return { principal, viewer: { userId: principal.userId, everyone } };
  };
}
