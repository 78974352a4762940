import * as z from "zod";
import { reservationId } from "../ids.ts";
import { reservationName } from "./names.ts";
import { timestamp } from "./reservation.ts";

/**
 * The events of a timeline. Types are never renamed; clients ignore those that they do not know.
 */
export const EVENT_TYPES = [
  "reservation.queued",
  "reservation.placed",
  "reservation.phase",
  "reservation.ready",
  "reservation.requeued",
  "reservation.extended",
  "reservation.cancel-requested",
  "reservation.stopping",
  "reservation.ended",
  "reservation.failed",
  "reservation.warning",
  "reservation.restarted",
  "disk.created",
  "disk.released",
] as const;
export type EventType = (typeof EVENT_TYPES)[number];

export const event = z
  .object({
    id: z.string().meta({ description: "The cursor of the stream: send it as Last-Event-ID" }),
    type: z.enum(EVENT_TYPES),
    at: timestamp,
    reservationId: reservationId.nullable(),
    reservationName: reservationName.nullable(),
    message: z.string().meta({ description: "A user-facing sentence" }),
    data: z.record(z.string(), z.unknown()),
  })
  .meta({ id: "Event" });
export type Event = z.infer<typeof event>;

/** Sent instead of events if the cursor is older than the stored events: re-read everything. */
export const RESYNC_EVENT = "resync";
const resyncData = z.strictObject({}).meta({ id: "ResyncData" });

/**
 * A hint without an id, in addition to the events: re-read the named data, which changed without an
 * event. At most one per second; it may also be sent without a change.
 */
export const CHANGED_EVENT = "changed";

/**
 * `waiting`: position or reason of a queued reservation of yours. Clients ignore topics that they
 * do not know.
 */
export const CHANGE_TOPICS = ["availability", "waiting"] as const;
export type ChangeTopic = (typeof CHANGE_TOPICS)[number];

/** The data of a hint, as a client reads it: a newer server may send more topics. */
export const changedData = z
  .object({ what: z.array(z.string()).meta({ description: "Topics: availability, waiting" }) })
  .meta({ id: "ChangedData" });

/** The data of a message of the stream: of `resync`, of `changed`, otherwise an event. */
export const streamData = z.union([event, changedData, resyncData]).meta({ id: "StreamData" });
