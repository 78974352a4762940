import { Second } from "@gpu-dev/shared/durations.ts";
import type { Event, Reservation } from "@gpu-dev/client/http/responses.ts";
import type { Disposable } from "../core/emitter.ts";
import type { Settings } from "../core/settings.ts";
import type { ClaimEvent } from "./eventClaims.ts";
import { awaySummary, isLate, isWanted, type Notification } from "./notification.ts";
import { notificationFor } from "./notificationFor.ts";

export interface NotificationDispatcherOptions {
  readonly claim: ClaimEvent;
  readonly level: () => Settings["notifications"];
  readonly now: () => Date;
  /** The signed-in user; undefined after a sign-out. */
  readonly user: () => string | undefined;
  readonly reservations: () => readonly Reservation[];
  readonly isFocused: () => boolean;
  readonly show: (notification: Notification) => void;
  /**
   * Whether another part of this window shows the event. If so, no window shows a notification of
   * it.
   */
  readonly isShownElsewhere?: (event: Event) => boolean;
  readonly delays?: { readonly settleMs: number; readonly unfocusedMs: number };
}

export interface NotificationDispatcher extends Disposable {
  onEvent(event: Event): void;
}

/** Time for the read that follows an event, and a head start for the focused window. */
const DELAYS = { settleMs: 0.3 * Second.ms, unfocusedMs: 1.5 * Second.ms };

/**
 * Decides which window shows an event: the focused one, otherwise the first one that claims it.
 * Events that arrive late, as after sleep, are shown as one summary.
 */
export function createNotificationDispatcher(
  options: NotificationDispatcherOptions,
): NotificationDispatcher {
  const { claim, isFocused, isShownElsewhere = () => false, delays = DELAYS } = options;
  const timers = new Set<NodeJS.Timeout>();
  let lateEvents: Event[] = [];
  const schedule = (ms: number, work: () => Promise<void>) => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      void work();
    }, ms);
    timers.add(timer);
  };
  const notify = async (notification: Notification | undefined, events: readonly Event[]) => {
    if (notification === undefined || !isWanted(notification, options.level())) return;
    const claims = await Promise.all(events.map(({ id }) => claim(id)));
    const isNew = events.some((event, index) => claims[index] === true && !isShownElsewhere(event));
    if (isNew) options.show(notification);
  };
  const notifyOf = async (event: Event) => {
    const user = options.user();
    if (user === undefined) return;
    const reservation = options.reservations().find(({ id }) => id === event.reservationId);
    await notify(notificationFor({ event, reservation, user, now: options.now() }), [event]);
  };
  const notifyOfLateEvents = async () => {
    const events = lateEvents.splice(0);
    if (options.user() === undefined) return;
    await notify(awaySummary(events, options.reservations(), options.now()), events);
  };
  return {
    onEvent: (event) => {
      const delayMs = delays.settleMs + (isFocused() ? 0 : delays.unfocusedMs);
      if (!isLate(event, options.now())) {
        schedule(delayMs, () => notifyOf(event));
        return;
      }
      lateEvents.push(event);
      if (lateEvents.length === 1) schedule(delayMs + delays.settleMs, notifyOfLateEvents);
    },
    dispose: () => {
      for (const timer of timers) clearTimeout(timer);
      lateEvents = [];
    },
  };
}
