import { withoutNull, wireJson } from "@gpu-dev/client/absence.ts";
import type { Reservation } from "@gpu-dev/client/http/responses.ts";

/** The fields of a newly created reservation that are not set yet, as the server sends them. */
export const UNSET_WIRE_FIELDS = {
  phase: null,
  phaseDetail: null,
  waiting: null,
  members: [],
  placedAt: null,
  readyAt: null,
  expiresAt: null,
  capacityUntil: null,
  extendableUntil: null,
  cancelRequestedAt: null,
  endedAt: null,
  endReason: null,
  endDetail: null,
};

/** The same fields as the clients read them. */
export const UNSET_FIELDS = withoutNull(UNSET_WIRE_FIELDS) satisfies Partial<Reservation>;

/** A reservation as the server sends it. */
export function onWire(reservation: Reservation): unknown {
  return JSON.parse(wireJson(reservation)) as unknown;
}
