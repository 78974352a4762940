import type { EventType } from "@gpu-dev/shared/api/events.ts";
import type { ReservationId, UserId } from "@gpu-dev/shared/ids.ts";
import { rows, type Queryable } from "./database.ts";

export interface NewEvent {
  readonly type: EventType;
  /** One sentence for people. */
  readonly message: string;
  readonly data?: Record<string, unknown>;
}

/** Appends to the timeline, in the transaction of the change that it tells. */
export async function appendEvent(
  db: Queryable,
  subject: { readonly ownerId: UserId; readonly reservationId: ReservationId | null },
  at: Date,
  { type, message, data = {} }: NewEvent,
): Promise<void> {
  await rows(
    db,
    "insert into events (owner_id, reservation_id, type, at, message, data) values (?, ?, ?, ?, ?, ?)",
    [subject.ownerId, subject.reservationId, type, at, message, JSON.stringify(data)],
  );
}
