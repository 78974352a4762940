import type { Reservation } from "@gpu-dev/shared/api/reservation.ts";

/** The fields of a newly created reservation that are not set yet. */
export const UNSET_FIELDS = {
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
} satisfies Partial<Reservation>;
