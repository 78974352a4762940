import * as z from "zod";
import { reservationId, userId } from "../ids.ts";
import { diskName, reservationName, userName } from "./names.ts";
import { END_REASONS, PHASES, RESERVATION_STATES } from "../states.ts";
import { gpuTypeId } from "./catalogue.ts";

/** Timestamps on the wire are ISO 8601 in UTC. */
export const timestamp = z.iso.datetime().meta({ id: "Timestamp" });

const MAX_LABELS = 16;
const labels = z
  .record(
    z
      .string()
      .regex(/^[a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?$/, "a label key is a short plain word"),
    z.string().max(63),
  )
  .refine((map) => Object.keys(map).length <= MAX_LABELS, `at most ${String(MAX_LABELS)} labels`)
  .meta({ maxProperties: MAX_LABELS });

/** A user's request. It is stored once and never changed, and every later step reads all of it. */
export const reservationSpec = z
  .strictObject({
    gpuType: gpuTypeId,
    gpus: z.int().min(0).max(1024).meta({ description: "0 for CPU types" }),
    durationSeconds: z
      .int()
      .min(1, "a reservation lasts 1 second or more")
      .max(172_800, "a reservation lasts 48 h or less")
      .meta({ description: "Up to 48 hours; the catalogue has the limits of each type" }),
    disk: diskName.nullable().default(null).meta({
      description: "A named disk of yours, kept between reservations; created if unknown",
    }),
    image: z
      .string()
      .max(64)
      .nullable()
      .default(null)
      .meta({ description: "A catalogue image id" }),
    labels: labels.default({}),
  })
  .meta({ id: "ReservationSpec" });
export type ReservationSpec = z.infer<typeof reservationSpec>;

export const createReservation = reservationSpec
  .extend({
    name: reservationName.optional().meta({ description: "Chosen for you if omitted" }),
  })
  .meta({ id: "CreateReservation" });
export type CreateReservation = z.input<typeof createReservation>;

export const waiting = z
  .object({
    position: z.int().min(1).meta({ description: "1 is next; counts only your type's queue" }),
    ahead: z.int().min(0),
    reason: z.string().meta({
      description: "Why it waits, with names of nodes, counts and times; a full sentence",
    }),
  })
  .meta({ id: "Waiting" });

export const member = z
  .object({
    rank: z.int().min(0),
    attempt: z.int().min(1),
    node: z.string(),
    podName: z.string(),
    gpus: z.int().min(0),
    restarts: z
      .int()
      .min(0)
      .meta({ description: "Times that its container died and was restarted" }),
  })
  .meta({ id: "Member" });

export const reservation = z
  .object({
    id: reservationId,
    name: reservationName,
    owner: z.object({ id: userId, name: userName }),
    spec: reservationSpec,
    state: z.enum(RESERVATION_STATES),
    phase: z.enum(PHASES).nullable(),
    phaseDetail: z
      .string()
      .nullable()
      .meta({ description: "What the phase waits for now; user-facing" }),
    waiting: waiting.nullable(),
    members: z.array(member),
    createdAt: timestamp,
    placedAt: timestamp.nullable(),
    readyAt: timestamp.nullable(),
    expiresAt: timestamp.nullable().meta({ description: "The current end of the lease" }),
    capacityUntil: timestamp
      .nullable()
      .meta({ description: "The latest time at which the GPUs are released" }),
    extendableUntil: timestamp
      .nullable()
      .meta({ description: "The latest end that any extension could reach" }),
    cancelRequestedAt: timestamp.nullable(),
    endedAt: timestamp.nullable(),
    endReason: z.enum(END_REASONS).nullable(),
    endDetail: z.string().nullable().meta({ description: "How it ended; a user-facing sentence" }),
    generation: z.int().min(0).meta({
      description:
        "Increases with every change of the reservation, except of its place in the queue",
    }),
  })
  .meta({ id: "Reservation" });
export type Reservation = z.infer<typeof reservation>;

export const extendReservation = z
  .strictObject({
    seconds: z
      .int()
      .min(60, "an extension is 1 min or more")
      .max(172_800, "an extension is 48 h or less")
      .meta({ description: "Added to the end" }),
  })
  .meta({ id: "ExtendReservation" });

/**
 * How to reach a ready reservation. Served, so that no client assumes anything about the network.
 */
export const connection = z
  .object({
    reservationId,
    name: reservationName,
    owner: userName,
    kind: z.enum(["direct"]).meta({ description: "direct: the address itself serves SSH" }),
    host: z.string(),
    port: z.int().min(1).max(65_535),
    user: z.string(),
    hostKeys: z.array(z.string()).min(1).meta({ description: "Public host keys to pin" }),
    workspacePath: z.string().meta({ description: "The absolute path to open on the remote side" }),
  })
  .meta({ id: "Connection" });
export type Connection = z.infer<typeof connection>;
