import type { Next } from "koa";
import type { Problem } from "@gpu-dev/shared/api/problem.ts";
import { ERROR_CODES } from "@gpu-dev/shared/errors.ts";
import { asRefusal } from "../operations/failures.ts";
import type { Refusal } from "../domain/refusal.ts";
import { hasClientLeft, type Context } from "./request.ts";

export interface RefusedRequest {
  readonly userId: NonNullable<Context["state"]["userId"]> | undefined;
  readonly action: string;
  readonly target: string | undefined;
  readonly requestId: string;
}

/** The only place where an error becomes a response. */
export function mapErrors(audit: (refused: RefusedRequest) => Promise<void>) {
  return async (ctx: Context, next: Next): Promise<void> => {
    try {
      await next();
    } catch (error) {
      const refusal = asRefusal(error);
      if (hasClientLeft(ctx)) ctx.state.log.debug({ err: error }, "client disconnected");
      else logRefusal(ctx, refusal);
      respond(ctx, refusal);
      if (refusal.audited) await auditRefusal(ctx, audit);
    }
  };
}

export function toProblem(refusal: Refusal, requestId: string): Problem {
  const { status, title } = ERROR_CODES[refusal.code];
  return {
    type: `urn:gpu-dev:problem:${refusal.code}`,
    title,
    status,
    detail: refusal.message,
    code: refusal.code,
    requestId,
    ...(refusal.errors.length > 0 ? { errors: [...refusal.errors] } : {}),
  };
}

function respond(ctx: Context, refusal: Refusal): void {
  const problem = toProblem(refusal, ctx.state.requestId);
  ctx.status = problem.status;
  if (problem.status === 401) ctx.set("www-authenticate", 'Bearer realm="gpu-dev"');
  ctx.set({ ...refusal.headers });
  ctx.body = problem;
  ctx.type = "application/problem+json";
}

function logRefusal(ctx: Context, refusal: Refusal): void {
  const { status } = ERROR_CODES[refusal.code];
  if (status === 500) ctx.state.log.error({ err: refusal.cause }, "request failed");
  else if (status === 503) ctx.state.log.warn({ err: refusal.cause }, "dependency unavailable");
  else ctx.state.log.debug({ code: refusal.code }, "request refused");
}

/** A failed audit write does not change the response. */
async function auditRefusal(
  ctx: Context,
  audit: (refused: RefusedRequest) => Promise<void>,
): Promise<void> {
  const { log, requestId, routeId, principal, userId, target } = ctx.state;
  await audit({
    userId: principal?.userId ?? userId,
    action: routeId ?? "unknown",
    target,
    requestId,
  }).catch((error: unknown) => {
    log.error({ err: error }, "refusal not audited");
  });
}
