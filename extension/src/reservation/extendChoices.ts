import type { Catalogue } from "@gpu-dev/shared/api/catalogue.ts";
import type { Reservation } from "@gpu-dev/shared/api/reservation.ts";
import {
  formatDuration,
  Hour,
  Minute,
  parseDurationSeconds,
  Second,
} from "@gpu-dev/shared/durations.ts";
import { EXTENDABLE, TERMINAL } from "@gpu-dev/shared/states.ts";
import { localTime, secondsUntil } from "@gpu-dev/client/text/times.ts";
import { overWords } from "./cancelText.ts";

export interface ExtendChoice {
  readonly label: string;
  readonly description: string;
  readonly seconds: number;
}

const SHORTEST_SECONDS = Minute.seconds;
const OFFERED: readonly (readonly [string, number])[] = [
  ["By 30 minutes", 30 * Minute.seconds],
  ["By 1 hour", Hour.seconds],
  ["By 2 hours", 2 * Hour.seconds],
  ["By 4 hours", 4 * Hour.seconds],
];

export function isExtendable(reservation: Reservation): boolean {
  return EXTENDABLE.includes(reservation.state) && reservation.cancelRequestedAt === null;
}

/** Why it cannot be extended at all, as a sentence with a way on; null where it can. */
export function whyNotExtendable(reservation: Reservation, now: Date): string | null {
  const { name, state, cancelRequestedAt } = reservation;
  if (TERMINAL.includes(state)) return `${overWords(reservation, now)} Reserve again to go on.`;
  if (state === "stopping" || cancelRequestedAt !== null) {
    return `${name} is ending already, so it can't be extended. Reserve again to go on.`;
  }
  if (state === "queued") {
    return `${name} has not started yet. Extend it when it has, or cancel it and ask for longer.`;
  }
  const most = mostSeconds(reservation, null);
  if (most !== null && most < SHORTEST_SECONDS && reservation.expiresAt !== null) {
    const end = localTime(reservation.expiresAt, now);
    return `${name} has all the time that it may have: it ends at ${end}. Reserve again to go on after that.`;
  }
  return null;
}

/** The lengths that are possible, with the end that each would give; the longest possible one is among them. */
export function extendChoices(
  reservation: Reservation,
  catalogue: Catalogue | null,
  now: Date,
): ExtendChoice[] {
  const most = mostSeconds(reservation, catalogue);
  const choices = OFFERED.filter(([, seconds]) => most === null || seconds <= most).map(
    ([label, seconds]) => ({ label, description: endText(reservation, seconds, now), seconds }),
  );
  if (most === null || most < SHORTEST_SECONDS) return choices;
  if (choices.some(({ seconds }) => seconds === most)) return choices;
  const description = `${formatDuration(most)}, ${endText(reservation, most, now)}`;
  return [...choices, { label: "As long as possible", description, seconds: most }];
}

/** What bounds the choice, as a sentence: "It ends at 15:20 CET. Until 18:00 CET at most: ...". */
export function boundSentence(
  reservation: Reservation,
  catalogue: Catalogue | null,
  now: Date,
): string {
  const { expiresAt, extendableUntil, spec } = reservation;
  const end = expiresAt === null ? "" : `Ends at ${localTime(expiresAt, now)}.`;
  const limit = catalogue?.types.find(({ id }) => id === spec.gpuType)?.limits.maxSeconds;
  const total = limit === undefined ? "" : `${formatDuration(limit)} for ${spec.gpuType}`;
  if (extendableUntil === null)
    return [end, total && `${total} at most.`].filter(Boolean).join(" ");
  const until = `Until ${localTime(extendableUntil, now)} at most${total && `: ${total}`}.`;
  return [end, until].filter(Boolean).join(" ");
}

/** Reads what was typed: the seconds, or what is wrong with it as a sentence. */
export function readLength(
  text: string,
  reservation: Reservation,
  catalogue: Catalogue | null,
): number | string {
  const seconds = parseDurationSeconds(text);
  if (seconds === null) return "Write a length of time, such as 90m or 1h30m.";
  if (seconds < SHORTEST_SECONDS) return "Extend by 1 minute or more.";
  const most = mostSeconds(reservation, catalogue);
  if (most !== null && seconds > most) return `Extend by ${formatDuration(most)} at most.`;
  return seconds;
}

/** What an extension came to. */
export function extendedSentence(reservation: Reservation, now: Date): string {
  const { name, expiresAt } = reservation;
  return expiresAt === null
    ? `${name} is extended. Its end is fixed once it is ready.`
    : `${name} now ends at ${localTime(expiresAt, now)}.`;
}

/** Null: only the server knows. It has the last word in any case. */
function mostSeconds(reservation: Reservation, catalogue: Catalogue | null): number | null {
  const { expiresAt, extendableUntil, spec } = reservation;
  if (expiresAt !== null && extendableUntil !== null) {
    return Math.max(0, secondsUntil(extendableUntil, new Date(expiresAt)));
  }
  const limit = catalogue?.types.find(({ id }) => id === spec.gpuType)?.limits.maxSeconds;
  return limit === undefined ? null : Math.max(0, limit - spec.durationSeconds);
}

function endText(reservation: Reservation, seconds: number, now: Date): string {
  const { expiresAt } = reservation;
  if (expiresAt === null) return "once it is ready";
  const end = new Date(new Date(expiresAt).getTime() + seconds * Second.ms);
  return `until ${localTime(end.toISOString(), now)}`;
}
