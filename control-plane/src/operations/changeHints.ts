import type { UserId } from "@gpu-dev/shared/ids.ts";
import { Second } from "@gpu-dev/shared/durations.ts";
import type { ChangeHint } from "../store/eventStream.ts";

/** Long enough for what one request sets off to make one hint: it is queued, placed, and the others wait anew. */
const LEAD_MS = 30;
/** Each hint makes every client read: thousands of them are not to do so all the time. */
const QUIET_MS = Second.ms;

/** What changed since the last time that it was told. */
export interface Changes {
  readonly availability: boolean;
  /** Whose reservations wait at another place or for another reason. */
  readonly waiting: ReadonlySet<UserId> | "everybody";
}

/**
 * Gathers hints and tells them together: the first after a moment, then at most once a second. What comes during
 * the quiet second is told at its end, so nothing is lost.
 */
export function gatherChanges(tell: (changes: Changes) => void): {
  add(hint: ChangeHint): void;
  stop(): void;
} {
  let availability = false;
  let everybody = false;
  let owners = new Set<UserId>();
  let timer: NodeJS.Timeout | undefined;

  const flush = (): void => {
    timer = undefined;
    if (!availability && !everybody && owners.size === 0) return;
    const changes: Changes = { availability, waiting: everybody ? "everybody" : owners };
    availability = false;
    everybody = false;
    owners = new Set();
    timer = setTimeout(flush, QUIET_MS);
    tell(changes);
  };

  return {
    add(hint) {
      if (hint.what === "waiting") owners.add(hint.ownerId);
      else availability = true;
      if (hint.what === "anything") everybody = true;
      timer ??= setTimeout(flush, LEAD_MS);
    },
    stop() {
      clearTimeout(timer);
    },
  };
}
