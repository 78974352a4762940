import type { UserId } from "@gpu-dev/shared/ids.ts";
import { Second } from "@gpu-dev/shared/durations.ts";
import type { ChangeHint } from "../store/eventStream.ts";

/**
 * One request causes several changes (it is queued, then placed, then others wait): one hint covers
 * them.
 */
const LEAD_MS = 30;
/** Each hint makes every client re-read, so hints have a minimum distance. */
const QUIET_MS = Second.ms;

/** What changed since the last notification. */
export interface Changes {
  readonly availability: boolean;
  /** Whose reservations have another position in the queue or another reason. */
  readonly waiting: ReadonlySet<UserId> | "everybody";
}

/**
 * Gathers hints and reports them together: the first after a short delay, then at most once a
 * second. Hints that come during the quiet second are reported at its end, so none is lost.
 */
export function gatherChanges(notify: (changes: Changes) => void): {
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
    notify(changes);
  };

  return {
    add(hint) {
      if (hint.kind === "waiting") owners.add(hint.ownerId);
      else availability = true;
      if (hint.kind === "anything") everybody = true;
      timer ??= setTimeout(flush, LEAD_MS);
    },
    stop() {
      clearTimeout(timer);
    },
  };
}
