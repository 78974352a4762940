import * as z from "zod";
import type { ErrorCode } from "../errors.ts";
import { keyId, reservationId } from "../ids.ts";
import { diskName } from "./names.ts";
import { catalogue } from "./catalogue.ts";
import { event, streamData } from "./events.ts";
import { connection, createReservation, extendReservation, reservation } from "./reservation.ts";
import * as resources from "./resources.ts";

/**
 * Who may call a route. `public`: anyone. `user`: any signed-in user; the response contains only
 * the user's own data. `owner`: the reservation or key in the path must be the caller's (operators
 * may read and cancel); any other caller gets 404, as if it did not exist. `operator`: operators
 * and administrators; others get 403.
 */
export type Access = "public" | "user" | "owner" | "operator";

export interface Route {
  readonly method: "get" | "post" | "delete";
  readonly path: `/${string}`;
  readonly summary: string;
  readonly access: Access;
  /** With `owner`: whether operators may call it for another user's. */
  readonly operatorMayAct?: boolean;
  /** POST that creates: `Idempotency-Key` is honoured, and the same key gives the same response. */
  readonly idempotent?: boolean;
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  readonly response: { readonly status: 200 | 201 | 202 | 204; readonly schema: z.ZodType | null };
  /** `sse` responds with a stream of server-sent events. */
  readonly stream?: "sse";
  readonly errors: readonly ErrorCode[];
}

export const idempotencyKey = z
  .string()
  .regex(/^[\x21-\x7e]{1,255}$/, "1 to 255 visible ASCII characters")
  .meta({ description: "The same key gives the same response for a day" });
/** A query parameter is text: only digits are a number, neither "1e2" nor " 5" nor "". */
const wholeNumber = ({ max, fallback }: { readonly max: number; readonly fallback: number }) =>
  z
    .preprocess(
      (text) => (typeof text === "string" && /^\d{1,15}$/.test(text) ? Number(text) : text),
      z.int("must be a whole number").min(1).max(max).meta({ default: fallback }),
    )
    .default(fallback);

const byReservation = z.object({ reservationId });
const page = {
  cursor: z.string().max(256).optional(),
  limit: wholeNumber({ max: 200, fallback: 50 }),
};
const pageOf = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item), nextCursor: z.string().nullable() });

export const routes = {
  listSignInMethods: {
    method: "get",
    path: "/v1/sign-in",
    summary: "How to sign in to this server",
    access: "public",
    response: { status: 200, schema: resources.signInMethods },
    errors: [],
  },
  createToken: {
    method: "post",
    path: "/v1/tokens",
    summary: "Sign in: exchange a proof of identity for a token",
    access: "public",
    body: resources.createToken,
    response: { status: 201, schema: resources.token },
    errors: ["invalid_credentials"],
  },
  revokeToken: {
    method: "delete",
    path: "/v1/tokens/current",
    summary: "Sign out: revoke the token of this request",
    access: "user",
    response: { status: 204, schema: null },
    errors: [],
  },
  getMe: {
    method: "get",
    path: "/v1/me",
    summary: "Who is signed in",
    access: "user",
    response: { status: 200, schema: resources.me },
    errors: [],
  },
  listKeys: {
    method: "get",
    path: "/v1/keys",
    summary: "Your SSH public keys",
    access: "user",
    response: { status: 200, schema: z.object({ items: z.array(resources.sshKey) }) },
    errors: [],
  },
  addKey: {
    method: "post",
    path: "/v1/keys",
    summary: "Add one of your SSH public keys; adding it again changes nothing",
    access: "user",
    body: resources.addKey,
    response: { status: 201, schema: resources.sshKey },
    errors: ["invalid_request", "quota_exceeded"],
  },
  removeKey: {
    method: "delete",
    path: "/v1/keys/:keyId",
    summary: "Remove one of your SSH public keys",
    access: "owner",
    params: z.object({ keyId }),
    response: { status: 204, schema: null },
    errors: ["not_found"],
  },
  getCatalogue: {
    method: "get",
    path: "/v1/catalogue",
    summary: "GPU types, images and limits",
    access: "user",
    response: { status: 200, schema: catalogue },
    errors: [],
  },
  getAvailability: {
    method: "get",
    path: "/v1/availability",
    summary: "Free GPUs per type and node, and whether a request of each size would start now",
    access: "user",
    query: z.object({
      disk: diskName.optional().meta({
        description:
          "A disk of yours: its zone limits where a request may start. An unknown name is a new disk",
      }),
    }),
    response: { status: 200, schema: resources.availability },
    errors: [],
  },
  createReservation: {
    method: "post",
    path: "/v1/reservations",
    summary: "Reserve GPUs: the reservation exists at once, queued",
    access: "user",
    idempotent: true,
    body: createReservation,
    response: { status: 201, schema: reservation },
    errors: [
      "name_taken",
      "disk_in_use",
      "never_possible",
      "quota_exceeded",
      "idempotency_key_reused",
    ],
  },
  listReservations: {
    method: "get",
    path: "/v1/reservations",
    summary: "Your reservations, newest first",
    access: "user",
    query: z.object({
      ...page,
      state: z.enum(["live", "ended", "all"]).default("live"),
      name: z.string().max(64).optional(),
    }),
    response: { status: 200, schema: pageOf(reservation) },
    errors: [],
  },
  getReservation: {
    method: "get",
    path: "/v1/reservations/:reservationId",
    summary: "One reservation",
    access: "owner",
    operatorMayAct: true,
    params: byReservation,
    response: { status: 200, schema: reservation },
    errors: ["not_found"],
  },
  extendReservation: {
    method: "post",
    path: "/v1/reservations/:reservationId/extend",
    summary: "Move the end of the lease",
    access: "owner",
    idempotent: true,
    params: byReservation,
    body: extendReservation,
    response: { status: 202, schema: reservation },
    errors: ["not_found", "state_conflict", "extension_refused", "idempotency_key_reused"],
  },
  cancelReservation: {
    method: "post",
    path: "/v1/reservations/:reservationId/cancel",
    summary: "End a reservation; cancelling one that ends or has ended changes nothing",
    access: "owner",
    operatorMayAct: true,
    params: byReservation,
    response: { status: 202, schema: reservation },
    errors: ["not_found"],
  },
  listReservationEvents: {
    method: "get",
    path: "/v1/reservations/:reservationId/events",
    summary: "The timeline of a reservation, oldest first",
    access: "owner",
    operatorMayAct: true,
    params: byReservation,
    query: z.object(page),
    response: { status: 200, schema: pageOf(event) },
    errors: ["not_found"],
  },
  getReservationLogs: {
    method: "get",
    path: "/v1/reservations/:reservationId/logs",
    summary: "The newest lines of the container's log",
    access: "owner",
    params: byReservation,
    query: z.object({ tail: wholeNumber({ max: 2_000, fallback: 200 }) }),
    response: { status: 200, schema: resources.logs },
    errors: ["not_found", "cluster_unavailable"],
  },
  getReservationConnection: {
    method: "get",
    path: "/v1/reservations/:reservationId/connection",
    summary: "How to reach a ready reservation over SSH",
    access: "owner",
    params: byReservation,
    response: { status: 200, schema: connection },
    errors: ["not_found", "state_conflict"],
  },
  listDisks: {
    method: "get",
    path: "/v1/disks",
    summary: "Your disks, and who holds them",
    access: "user",
    response: { status: 200, schema: z.object({ items: z.array(resources.disk) }) },
    errors: [],
  },
  streamEvents: {
    method: "get",
    path: "/v1/events",
    summary: "Events of your reservations and disks, as they happen",
    access: "user",
    stream: "sse",
    response: { status: 200, schema: streamData },
    errors: [],
  },
  getStatus: {
    method: "get",
    path: "/v1/status",
    summary: "The control plane and its parts",
    access: "user",
    response: { status: 200, schema: resources.status },
    errors: [],
  },
  listAudit: {
    method: "get",
    path: "/v1/audit",
    summary: "Who changed what, newest first",
    access: "operator",
    query: z.object(page),
    response: { status: 200, schema: pageOf(resources.auditEntry) },
    errors: [],
  },
} as const satisfies Record<string, Route>;

export type RouteId = keyof typeof routes;
