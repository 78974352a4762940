import type { z } from "zod";
import type { event } from "@gpu-dev/shared/api/events.ts";
import { formatEventCursor } from "../../operations/eventCursor.ts";
import type { EventRow } from "../../operations/readReservations.ts";

export function presentEvent(row: EventRow): z.input<typeof event> {
  return {
    id: formatEventCursor(row),
    type: row.type,
    at: row.at.toISOString(),
    reservationId: row.reservationId,
    reservationName: row.reservationName,
    message: row.message,
    data: row.data,
  };
}
