import { hostFromAuthority } from "../connect/remoteAuthority.ts";
import type { Here } from "../connect/remoteWindow.ts";

/** Where a window is, from the authorities of its folders and from what a pod of ours has in its environment. */
export function hereFrom(options: {
  readonly authorities: readonly string[];
  /** GPU_DEV_RESERVATION_ID of the extension host: set where it runs inside a pod. */
  readonly reservationId: string | undefined;
}): Here {
  const hosts = options.authorities.flatMap((authority) => hostFromAuthority(authority) ?? []);
  return { host: hosts[0] ?? null, reservationId: options.reservationId ?? null };
}
