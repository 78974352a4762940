import type { Event } from "@gpu-dev/shared/api/events.ts";
import type { Reservation } from "@gpu-dev/shared/api/reservation.ts";
import { Second } from "@gpu-dev/shared/durations.ts";
import type { Disposable } from "../core/emitter.ts";
import type { Settings } from "../core/settings.ts";
import { awaySummary, isLate } from "./awaySummary.ts";
import type { ClaimEvent } from "./eventClaims.ts";
import { isWanted, type Notification } from "./notification.ts";
import { notificationFor } from "./notificationFor.ts";

export interface EventTellerOptions {
  readonly claim: ClaimEvent;
  readonly level: () => Settings["notifications"];
  readonly now: () => Date;
  /** Who is signed in; null: nobody any more. */
  readonly user: () => string | null;
  readonly reservations: () => readonly Reservation[];
  readonly isFocused: () => boolean;
  readonly show: (notification: Notification) => void;
  /** Whether another part of this window tells it already: then no other window does. */
  readonly isToldHere?: (event: Event) => boolean;
  readonly waits?: { readonly settleMs: number; readonly unfocusedMs: number };
}

/** A moment for the read that follows an event; and a head start for the window that somebody looks at. */
const WAITS = { settleMs: 0.3 * Second.ms, unfocusedMs: 1.5 * Second.ms };

/**
 * Decides in which window an event is told: in the focused one at once, else in the first of all that takes it. What
 * comes late, as after sleep, is told in one message.
 */
export function createEventTeller(
  options: EventTellerOptions,
): Disposable & { hear(event: Event): void } {
  const { claim, isFocused, isToldHere = () => false, waits = WAITS } = options;
  const timers = new Set<NodeJS.Timeout>();
  let late: Event[] = [];
  const later = (ms: number, work: () => Promise<void>) => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      void work();
    }, ms);
    timers.add(timer);
  };
  const tell = async (notification: Notification | null, events: readonly Event[]) => {
    if (notification === null || !isWanted(notification, options.level())) return;
    const claimed = await Promise.all(events.map(({ id }) => claim(id)));
    const news = events.filter((event, index) => claimed[index] && !isToldHere(event));
    if (news.length > 0) options.show(notification);
  };
  const tellOne = async (event: Event) => {
    const user = options.user();
    if (user === null) return;
    const reservation = options.reservations().find(({ id }) => id === event.reservationId);
    await tell(notificationFor({ event, reservation, user, now: options.now() }), [event]);
  };
  const tellLate = async () => {
    const events = late.splice(0);
    if (options.user() === null) return;
    await tell(awaySummary(events, options.reservations(), options.now()), events);
  };
  return {
    hear: (event) => {
      const wait = waits.settleMs + (isFocused() ? 0 : waits.unfocusedMs);
      if (!isLate(event, options.now())) {
        later(wait, () => tellOne(event));
        return;
      }
      late.push(event);
      if (late.length === 1) later(wait + waits.settleMs, tellLate);
    },
    dispose: () => {
      for (const timer of timers) clearTimeout(timer);
      late = [];
    },
  };
}
