import type { z } from "zod";
import type { routes } from "@gpu-dev/shared/api/routes.ts";
import type { WithoutNull } from "../absence.ts";

type Routes = typeof routes;

/** Routes that return one JSON document (or nothing); the event stream has its own method. */
export type CallableRouteId = {
  [Id in keyof Routes]: Routes[Id] extends { stream: "sse" } ? never : Id;
}[keyof Routes];

type InputOf<Id extends CallableRouteId, Part extends "params" | "query" | "body"> =
  Routes[Id] extends Record<Part, infer Schema extends z.ZodType> ? z.input<Schema> : never;

/** A part is absent if the route has none, and optional if all its fields are. */
type PartOf<Id extends CallableRouteId, Part extends "params" | "query" | "body"> = [
  InputOf<Id, Part>,
] extends [never]
  ? Partial<Record<Part, never>>
  : MayBeEmpty<InputOf<Id, Part>> extends true
    ? Partial<Record<Part, InputOf<Id, Part> | undefined>>
    : Record<Part, InputOf<Id, Part>>;

type MayBeEmpty<T> = Partial<T> extends T ? true : false;

export type CallOptions<Id extends CallableRouteId> = PartOf<Id, "params"> &
  PartOf<Id, "query"> &
  PartOf<Id, "body"> & {
    /**
     * Routes that create something get a new one by default; the same key gives the same response.
     */
    readonly idempotencyKey?: string | undefined;
    readonly signal?: AbortSignal | undefined;
  };

export type ResponseOf<Id extends CallableRouteId> = Routes[Id]["response"] extends {
  schema: infer Schema extends z.ZodType;
}
  ? WithoutNull<z.output<Schema>>
  : undefined;

/** The options argument is optional if nothing in it is required. */
export type CallArguments<Id extends CallableRouteId> =
  MayBeEmpty<CallOptions<Id>> extends true
    ? [id: Id, options?: CallOptions<Id>]
    : [id: Id, options: CallOptions<Id>];
