import type { IncomingMessage } from "node:http";
import type { ParameterizedContext } from "koa";
import type { RouteId } from "@gpu-dev/shared/api/routes.ts";
import type { Log } from "../platform/logger.ts";
import type { Principal } from "../domain/principal.ts";

/** What middleware knows about a request on its way in. */
export interface RequestState {
  requestId: string;
  log: Log;
  routeId?: RouteId;
  principal?: Principal;
  /** Known also when the token was refused. */
  userId?: Principal["userId"];
  target?: string | null;
}

export type Context = ParameterizedContext<RequestState>;

export const addressOf = (request: IncomingMessage): string => request.socket.remoteAddress ?? "";
