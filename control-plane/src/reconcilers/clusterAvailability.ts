import { Second } from "@gpu-dev/shared/durations.ts";
import type { Clock } from "../platform/clock.ts";

/**
 * A call that fails within this time after a successful one does not count as an outage.
 */
const OUTAGE_MS = 15 * Second.ms;
/**
 * After a longer gap between responses it is not known whether the cluster was available.
 */
const MAX_GAP_MS = 90 * Second.ms;

/**
 * Tracks since when the cluster has been available without an interruption, as observed by this
 * process. The deadline of a start counts only while the cluster could meet it, so no start fails
 * at the first response after an outage.
 */
export interface ClusterAvailability {
  /** A call succeeded, or a watch received data from the server. */
  succeeded(): void;
  failed(): void;
  /** The start of the current uninterrupted availability; now if there is none. */
  stableSince(): Date;
}

export function createClusterAvailability(clock: Clock): ClusterAvailability {
  let since: Date | undefined;
  let lastSuccess: Date | undefined;
  return {
    succeeded: () => {
      const now = clock.now();
      const gapMs = lastSuccess === undefined ? Infinity : now.getTime() - lastSuccess.getTime();
      if (gapMs > MAX_GAP_MS) since = undefined;
      since ??= now;
      lastSuccess = now;
    },
    failed: () => {
      const last = lastSuccess?.getTime();
      if (last !== undefined && clock.now().getTime() - last < OUTAGE_MS) return;
      since = undefined;
      lastSuccess = undefined;
    },
    stableSince: () => since ?? clock.now(),
  };
}
