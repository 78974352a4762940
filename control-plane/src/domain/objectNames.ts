import type { DiskId, ReservationId } from "@gpu-dev/shared/ids.ts";

/** Names of objects are derived, never stored elsewhere first: creating one again finds the same name. */
export const secretName = (id: ReservationId): string => `gd-${id}`;
export const serviceName = (id: ReservationId): string => `gd-${id}`;
export const podName = (id: ReservationId, rank: number, attempt: number): string =>
  `gd-${id}-${String(rank)}-${String(attempt)}`;
export const claimName = (id: DiskId): string => `gd-disk-${id}`;
