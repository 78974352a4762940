import type { Event, EventType } from "@gpu-dev/shared/api/events.ts";
import type { Reservation } from "@gpu-dev/shared/api/reservation.ts";
import { Minute } from "@gpu-dev/shared/durations.ts";
import { TERMINAL } from "@gpu-dev/shared/states.ts";
import { diskAfterEnd, resources } from "@gpu-dev/client/text/reservationText.ts";
import { asSentence } from "@gpu-dev/shared/text.ts";
import { formatClockTime } from "../core/text.ts";
import { type Notification, type NotificationButton, plainText } from "./notification.ts";

export interface News {
  readonly event: Event;
  /** As last read: it may be older than the event. */
  readonly reservation: Reservation | undefined;
  /** The name of who is signed in. */
  readonly user: string;
  readonly now: Date;
}

/** What to tell of an event at the time that it happens. Null: nothing, or no longer. */
export function notificationFor(news: News): Notification | null {
  const say = SAY[news.event.type];
  const said = say === undefined || isOutdated(news) ? null : say(news);
  return said === null ? null : { ...said, text: plainText(said.text) };
}

type Say = (news: News) => Notification | null;

const SAY: Partial<Record<EventType, Say>> = {
  "reservation.ready": ready,
  "reservation.warning": warning,
  "reservation.ended": ended,
  "reservation.failed": failed,
  "reservation.requeued": (news) => problem(news, "is waiting again", []),
  "reservation.restarted": (news) => problem(news, null, [button(news, "Show Logs")]),
  // One's own wish needs no telling; by whom else is on the event.
  "reservation.cancel-requested": (news) =>
    news.event.data["by"] === news.user ? null : problem(news, "is about to end", []),
};

/** Of a reservation that is over, only its end is news. */
function isOutdated({ event, reservation }: News): boolean {
  const isEnd = event.type === "reservation.ended" || event.type === "reservation.failed";
  return !isEnd && reservation !== undefined && TERMINAL.includes(reservation.state);
}

function ready(news: News): Notification {
  const { event, reservation, now } = news;
  const what = reservation === undefined ? "" : `: ${resources(reservation)}`;
  const node = event.data["node"];
  const where = typeof node === "string" ? ` on ${node}` : "";
  const end = endOf(news);
  const until = end === null ? "" : ` until ${formatClockTime(end, now)}`;
  return {
    severity: "info",
    text: `${nameOf(news)} is ready${what}${where}${until}.`,
    buttons: [button(news, "Connect"), button(news, "Open Terminal")],
  };
}

/** By the end as it stands now: an extension that came before the warning makes it void. */
function warning(news: News): Notification | null {
  const { event, reservation, now } = news;
  const end = endOf(news);
  if (end === null) return null;
  const known = reservation?.expiresAt ? new Date(reservation.expiresAt) : end;
  const minutes = Math.round((end.getTime() - now.getTime()) / Minute.ms);
  if (known > end || end <= now || reservation?.cancelRequestedAt) return null;
  const when = minutes <= 1 ? "within a minute" : `in ${String(minutes)} minutes`;
  const isLast = reservation?.extendableUntil && new Date(reservation.extendableUntil) <= end;
  const text = `${nameOf(news)} ends ${when}, at ${formatClockTime(end, now)}.`;
  return {
    severity: "warning",
    text: isLast ? `${text} It cannot be extended any further.` : text,
    buttons: event.reservationId === null || isLast ? [] : [button(news, "Extend…")],
  };
}

function ended(news: News): Notification | null {
  const { event, reservation, now } = news;
  if (event.data["reason"] === "cancelled") return null;
  const isExpired = event.data["reason"] === "expired";
  const at = formatClockTime(new Date(event.at), now);
  const text = isExpired
    ? `${nameOf(news)} ended at ${at}: its time was up. ${diskWords(reservation)}`
    : `${nameOf(news)} ended: ${detailOf(news)} ${diskWords(reservation)}`;
  return { severity: isExpired ? "info" : "warning", text, buttons: afterEnd(news) };
}

function failed(news: News): Notification {
  return {
    severity: "error",
    text: `${nameOf(news)} failed: ${detailOf(news)} ${diskWords(news.reservation)}`,
    buttons: afterEnd(news),
  };
}

/** `what` is null where the event's own sentences say all. */
function problem(
  news: News,
  what: string | null,
  buttons: readonly NotificationButton[],
): Notification {
  const subject = what === null ? nameOf(news) : `${nameOf(news)} ${what}`;
  return {
    severity: "warning",
    text: `${subject}: ${asSentence(news.event.message)}`,
    buttons: [...buttons, button(news, "Show Details")],
  };
}

const COMMANDS = {
  Connect: "gpuDev.connect",
  "Open Terminal": "gpuDev.openTerminal",
  "Extend…": "gpuDev.extend",
  "Show Details": "gpuDev.showDetails",
  "Show Logs": "gpuDev.showLogs",
} as const;

function button({ event }: News, title: keyof typeof COMMANDS): NotificationButton {
  const id = event.reservationId;
  const target = id === null ? null : ({ kind: "reservation", id } as const);
  return { title, command: COMMANDS[title], target };
}

function afterEnd(news: News): readonly NotificationButton[] {
  const details = button(news, "Show Details");
  if (news.reservation === undefined) return [details];
  const { gpuType, gpus } = news.reservation.spec;
  const target = { kind: "gpuType", gpuType, gpus } as const;
  return [details, { title: "Reserve Again", command: "gpuDev.reserve", target }];
}

function nameOf({ event, reservation }: News): string {
  return event.reservationName ?? reservation?.name ?? "Your reservation";
}

/** The end that the event itself names, as what was read of the reservation may be older. */
function endOf({ event, reservation }: News): Date | null {
  const said = event.data["expiresAt"];
  const iso = typeof said === "string" ? said : reservation?.expiresAt;
  const end = iso ? new Date(iso) : null;
  return end === null || Number.isNaN(end.getTime()) ? null : end;
}

function detailOf({ event, reservation }: News): string {
  return asSentence(reservation?.endDetail ?? event.message);
}

function diskWords(reservation: Reservation | undefined): string {
  return reservation?.spec.disk ? diskAfterEnd(reservation) : "";
}
