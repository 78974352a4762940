import type { EventType } from "@gpu-dev/shared/api/events.ts";
import { Minute } from "@gpu-dev/shared/durations.ts";
import { TERMINAL } from "@gpu-dev/shared/states.ts";
import { asSentence } from "@gpu-dev/shared/text.ts";
import type { Event, Reservation } from "@gpu-dev/client/http/responses.ts";
import { diskAfterEnd, resources } from "@gpu-dev/client/text/reservationText.ts";
import { formatClockTime } from "../core/text.ts";
import { type Notification, type NotificationButton, toPlainText } from "./notification.ts";

export interface EventContext {
  readonly event: Event;
  /** As last read, which may be before the event. */
  readonly reservation: Reservation | undefined;
  /** The name of the signed-in user. */
  readonly user: string;
  readonly now: Date;
}

/**
 * The notification for an event that has just happened. Undefined if it needs none or is outdated.
 */
export function notificationFor(context: EventContext): Notification | undefined {
  const create = NOTIFICATIONS[context.event.type];
  const notification = create === undefined || isOutdated(context) ? undefined : create(context);
  return notification === undefined
    ? undefined
    : { ...notification, text: toPlainText(notification.text) };
}

type CreateNotification = (context: EventContext) => Notification | undefined;

const NOTIFICATIONS: Partial<Record<EventType, CreateNotification>> = {
  "reservation.ready": ready,
  "reservation.warning": warning,
  "reservation.ended": ended,
  "reservation.failed": failed,
  "reservation.requeued": (context) => problem(context, "is queued again", []),
  "reservation.restarted": (context) => problem(context, undefined, [button(context, "Show Logs")]),
  // Users need no notification of their own request; the event names the user who cancelled.
  "reservation.cancel-requested": (context) =>
    context.event.data["by"] === context.user ? undefined : problem(context, "is about to end", []),
};

/** Once a reservation has ended, only the event of its end matters. */
function isOutdated({ event, reservation }: EventContext): boolean {
  const isEnd = event.type === "reservation.ended" || event.type === "reservation.failed";
  return !isEnd && reservation !== undefined && TERMINAL.includes(reservation.state);
}

function ready(context: EventContext): Notification {
  const { event, reservation, now } = context;
  const size = reservation === undefined ? "" : `: ${resources(reservation)}`;
  const node = event.data["node"];
  const where = typeof node === "string" ? ` on ${node}` : "";
  const end = endOf(context);
  const until = end === undefined ? "" : ` until ${formatClockTime(end, now)}`;
  return {
    severity: "info",
    text: `${nameOf(context)} is ready${size}${where}${until}.`,
    buttons: [button(context, "Connect"), button(context, "Open Terminal")],
  };
}

/** Undefined if the reservation was extended after the server sent the warning. */
function warning(context: EventContext): Notification | undefined {
  const { event, reservation, now } = context;
  const end = endOf(context);
  if (end === undefined) return undefined;
  const known = reservation?.expiresAt ? new Date(reservation.expiresAt) : end;
  const minutes = Math.round((end.getTime() - now.getTime()) / Minute.ms);
  if (known > end || end <= now || reservation?.cancelRequestedAt) return undefined;
  const when = minutes <= 1 ? "within a minute" : `in ${String(minutes)} minutes`;
  const isFinal = reservation?.extendableUntil && new Date(reservation.extendableUntil) <= end;
  const text = `${nameOf(context)} ends ${when}, at ${formatClockTime(end, now)}.`;
  return {
    severity: "warning",
    text: isFinal ? `${text} It cannot be extended any further.` : text,
    buttons: event.reservationId === undefined || isFinal ? [] : [button(context, "Extend…")],
  };
}

function ended(context: EventContext): Notification | undefined {
  const { event, reservation, now } = context;
  if (event.data["reason"] === "cancelled") return undefined;
  const isExpired = event.data["reason"] === "expired";
  const at = formatClockTime(new Date(event.at), now);
  const text = isExpired
    ? `${nameOf(context)} ended at ${at}: its lease expired. ${diskText(reservation)}`
    : `${nameOf(context)} ended: ${detailOf(context)} ${diskText(reservation)}`;
  return { severity: isExpired ? "info" : "warning", text, buttons: buttonsAfterEnd(context) };
}

function failed(context: EventContext): Notification {
  return {
    severity: "error",
    text: `${nameOf(context)} failed: ${detailOf(context)} ${diskText(context.reservation)}`,
    buttons: buttonsAfterEnd(context),
  };
}

/** @param outcome undefined if the message of the event is complete by itself */
function problem(
  context: EventContext,
  outcome: string | undefined,
  buttons: readonly NotificationButton[],
): Notification {
  const subject = outcome === undefined ? nameOf(context) : `${nameOf(context)} ${outcome}`;
  return {
    severity: "warning",
    text: `${subject}: ${asSentence(context.event.message)}`,
    buttons: [...buttons, button(context, "Show Details")],
  };
}

const COMMANDS = {
  Connect: "gpuDev.connect",
  "Open Terminal": "gpuDev.openTerminal",
  "Extend…": "gpuDev.extend",
  "Show Details": "gpuDev.showDetails",
  "Show Logs": "gpuDev.showLogs",
} as const;

function button({ event }: EventContext, title: keyof typeof COMMANDS): NotificationButton {
  const id = event.reservationId;
  const target = id === undefined ? undefined : ({ kind: "reservation", id } as const);
  return { title, command: COMMANDS[title], target };
}

function buttonsAfterEnd(context: EventContext): readonly NotificationButton[] {
  const details = button(context, "Show Details");
  if (context.reservation === undefined) return [details];
  const { gpuType, gpus } = context.reservation.spec;
  const target = { kind: "gpuType", gpuType, gpus } as const;
  return [details, { title: "Reserve Again", command: "gpuDev.reserve", target }];
}

function nameOf({ event, reservation }: EventContext): string {
  return event.reservationName ?? reservation?.name ?? "Your reservation";
}

/** The end that the event names; the reservation as last read may be older. */
function endOf({ event, reservation }: EventContext): Date | undefined {
  const expiresAt = event.data["expiresAt"];
  const iso = typeof expiresAt === "string" ? expiresAt : reservation?.expiresAt;
  const end = iso ? new Date(iso) : undefined;
  return end === undefined || Number.isNaN(end.getTime()) ? undefined : end;
}

function detailOf({ event, reservation }: EventContext): string {
  return asSentence(reservation?.endDetail ?? event.message);
}

function diskText(reservation: Reservation | undefined): string {
  return reservation?.spec.disk ? diskAfterEnd(reservation) : "";
}
