import type { z } from "zod";
import type { Catalogue } from "@gpu-dev/shared/api/catalogue.ts";
import type { UserId } from "@gpu-dev/shared/ids.ts";
import type { RouteId, routes } from "@gpu-dev/shared/api/routes.ts";
import type { EventFeed } from "../operations/eventFeed.ts";
import type { LogReader } from "../operations/reachReservation.ts";
import type { Database, Queryable, Transaction } from "../operations/unitOfWork.ts";
import type { Clock } from "../platform/clock.ts";
import type { Log } from "../platform/logger.ts";
import type { Planner } from "../domain/plan/types.ts";
import type { Principal, Viewer } from "../domain/principal.ts";
import type { SignInMethod, VerifiedIdentity } from "../domain/signInMethod.ts";

/**
 * The collaborators of handlers and middleware. Each handler passes an operation only what the
 * operation uses.
 */
export interface Services {
  readonly database: Database;
  readonly clock: Clock;
  readonly catalogue: Catalogue;
  readonly planner: Planner;
  readonly cluster: LogReader;
  readonly feed: EventFeed;
  readonly log: Log;
  readonly version: string;
  readonly installation: string;
  /** The configured sign-in methods. Without any, existing tokens keep working. */
  readonly signInMethods: readonly SignInMethod[];
}

type RouteOf<Id extends RouteId> = (typeof routes)[Id];
type Parsed<R, Part extends string> =
  R extends Readonly<Record<Part, infer S extends z.ZodType>> ? z.output<S> : undefined;
type Body<R> = R extends { readonly response: { readonly schema: infer S } }
  ? S extends z.ZodType
    ? z.input<S>
    : undefined
  : never;
type Method<Id extends RouteId> = RouteOf<Id>["method"];

export interface HandlerInput<Id extends RouteId> {
  readonly params: Parsed<RouteOf<Id>, "params">;
  readonly query: Parsed<RouteOf<Id>, "query">;
  readonly body: Parsed<RouteOf<Id>, "body">;
  readonly principal: RouteOf<Id>["access"] extends "public" ? undefined : Principal;
  readonly viewer: RouteOf<Id>["access"] extends "public" ? undefined : Viewer;
  /** The host and port that the request was sent to; checked to be this server's. */
  readonly server: string;
  /** The transaction of a mutation; the pool for reads. */
  readonly db: Method<Id> extends "get" ? Queryable : Transaction;
  readonly services: Services;
  /** The result of the route's preparation. */
  readonly prepared: Id extends keyof Prepared ? Prepared[Id] : undefined;
  /** Names the user of a public route in its audit row. */
  readonly setAuditedUser: (id: UserId) => void;
}

/**
 * Results of the steps that run before a transaction, because they may call an external service.
 */
export interface Prepared {
  readonly createToken: VerifiedIdentity;
}

export type Preparations = {
  readonly [Id in keyof Prepared]: (
    input: Pick<HandlerInput<Id>, "body" | "server" | "services">,
  ) => Promise<Prepared[Id]>;
};

/**
 * Returns the body that the route's response schema describes. Streams are served by
 * `EventStreams`.
 */
export type Handler<Id extends RouteId> =
  RouteOf<Id> extends { readonly stream: "sse" }
    ? "stream"
    : (input: HandlerInput<Id>) => Promise<Body<RouteOf<Id>>>;

/** A handler that is missing or mistyped does not compile. */
export type Handlers = { readonly [Id in RouteId]: Handler<Id> };

/** A handler as the router calls it, after validating the input with the route's schemas. */
export type AnyHandler = (
  input: Omit<
    HandlerInput<RouteId>,
    "params" | "query" | "body" | "principal" | "viewer" | "db" | "prepared"
  > & {
    readonly params: unknown;
    readonly query: unknown;
    readonly body: unknown;
    readonly principal: Principal | undefined;
    readonly viewer: Viewer | undefined;
    readonly db: Queryable;
    readonly prepared: unknown;
  },
) => Promise<unknown>;

/** A preparation as the router calls it. */
export type AnyPreparation = (input: {
  readonly body: unknown;
  readonly server: string;
  readonly services: Services;
}) => Promise<unknown>;
