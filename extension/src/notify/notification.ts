import { Minute } from "@gpu-dev/shared/durations.ts";
import type { Event, Reservation } from "@gpu-dev/client/http/responses.ts";
import type { CommandId, Target, ViewId } from "../core/commands.ts";
import type { Settings } from "../core/settings.ts";
import { endReasonLabel, formatClockTime } from "../core/text.ts";

/** A notification, free of the editor's types. */
export interface Notification {
  readonly text: string;
  readonly severity: "info" | "warning" | "error";
  readonly buttons: readonly NotificationButton[];
}

export interface NotificationButton {
  readonly title: string;
  /** A command of this extension, or the editor's command that shows one of our views. */
  readonly command: CommandId | `${ViewId}.focus`;
  readonly target: Target | undefined;
}

/** The level `warnings` omits expected events: a reservation is ready, or its lease has expired. */
export function isWanted(notification: Notification, level: Settings["notifications"]): boolean {
  return level === "all" || (level === "warnings" && notification.severity !== "info");
}

/**
 * A late event arrives after the computer has slept. Several then arrive together, so they are
 * summarized.
 */
export function isLate(event: Event, now: Date): boolean {
  return now.getTime() - new Date(event.at).getTime() > 10 * Minute.ms;
}

/**
 * One notification for all late events, from the current state. Undefined if none of them needs
 * one.
 */
export function awaySummary(
  events: readonly Event[],
  reservations: readonly Reservation[],
  now: Date,
): Notification | undefined {
  const ids = new Set(events.map(({ reservationId }) => reservationId));
  const touched = reservations.filter(({ id }) => ids.has(id));
  const phrases = touched.flatMap((reservation) => summaryPhrase(reservation, now) ?? []);
  if (phrases.length === 0) return undefined;
  const shown = phrases.slice(0, MAX_NAMED).join(", ");
  const more = phrases.length - MAX_NAMED;
  const rest = more > 0 ? ` and ${String(more)} more` : "";
  return {
    severity: touched.some(({ state }) => state === "failed") ? "warning" : "info",
    text: toPlainText(`While you were away: ${shown}${rest}.`),
    buttons: [
      { title: "Show Reservations", command: "gpuDev.reservations.focus", target: undefined },
    ],
  };
}

/**
 * Reduces text of the server to one plain line. In a message, the editor turns "[text](address)"
 * into a link, which may run a command; a space between the two parts prevents that.
 */
export function toPlainText(text: string): string {
  const line = text
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, " ")
    .replaceAll("](", "] (")
    .trim();
  return line.length > MAX_LENGTH ? `${line.slice(0, MAX_LENGTH - 1).trimEnd()}…` : line;
}

/** The editor itself truncates a message after 1,000 characters. */
const MAX_LENGTH = 400;
const MAX_NAMED = 4;

function summaryPhrase(reservation: Reservation, now: Date): string | undefined {
  const { name, state, expiresAt, endReason } = reservation;
  if (state === "ready") {
    const until =
      expiresAt === undefined ? "" : ` until ${formatClockTime(new Date(expiresAt), now)}`;
    return `${name} is ready${until}`;
  }
  if (state !== "ended" && state !== "failed") return undefined;
  return endReason === "cancelled" ? undefined : `${name} ended (${endReasonLabel(endReason)})`;
}
