import {
  addSeconds,
  formatDuration,
  Hour,
  Minute,
  parseDurationSeconds,
} from "@gpu-dev/shared/durations.ts";
import { EXTENDABLE, TERMINAL } from "@gpu-dev/shared/states.ts";
import type { Catalogue, Reservation } from "@gpu-dev/client/http/responses.ts";
import { typeLabel } from "@gpu-dev/client/text/reservationText.ts";
import { localTime, secondsUntil } from "@gpu-dev/client/text/times.ts";
import { endedText } from "./cancelText.ts";

export interface ExtendChoice {
  readonly label: string;
  readonly description: string;
  readonly seconds: number;
}

const MIN_SECONDS = Minute.seconds;
const OFFERED: readonly (readonly [string, number])[] = [
  ["By 30 minutes", 30 * Minute.seconds],
  ["By 1 hour", Hour.seconds],
  ["By 2 hours", 2 * Hour.seconds],
  ["By 4 hours", 4 * Hour.seconds],
];

export function isExtendable(reservation: Reservation): boolean {
  return EXTENDABLE.includes(reservation.state) && reservation.cancelRequestedAt === undefined;
}

/** Why a reservation cannot be extended and what to do instead; undefined if it can. */
export function whyNotExtendable(reservation: Reservation, now: Date): string | undefined {
  const { name, state, cancelRequestedAt } = reservation;
  if (TERMINAL.includes(state)) {
    return `${endedText(reservation, now)} Make a new reservation to continue.`;
  }
  if (state === "stopping" || cancelRequestedAt !== undefined) {
    return `${name} is already ending, so it can't be extended. Make a new reservation to continue.`;
  }
  if (state === "queued") {
    return `${name} has not started yet. Extend it once it has started, or cancel it and reserve for longer.`;
  }
  const max = maxSeconds(reservation, undefined);
  if (max !== undefined && max < MIN_SECONDS && reservation.expiresAt !== undefined) {
    const end = localTime(reservation.expiresAt, now);
    return `${name} has reached its maximum length and ends at ${end}. Make a new reservation to continue after that.`;
  }
  return undefined;
}

/** The possible lengths with the end that each one gives, including the longest. */
export function extendChoices(
  reservation: Reservation,
  catalogue: Catalogue | undefined,
  now: Date,
): ExtendChoice[] {
  const max = maxSeconds(reservation, catalogue);
  const choices = OFFERED.filter(([, seconds]) => max === undefined || seconds <= max).map(
    ([label, seconds]) => ({ label, description: endText(reservation, seconds, now), seconds }),
  );
  if (max === undefined || max < MIN_SECONDS) return choices;
  if (choices.some(({ seconds }) => seconds === max)) return choices;
  const description = `${formatDuration(max)}, ${endText(reservation, max, now)}`;
  return [...choices, { label: "As long as possible", description, seconds: max }];
}

/**
 * The limit of an extension: "Ends at 15:20 CET. Can be extended until 18:00 CET: 2 d at most for
 * h100."
 */
export function extensionLimitText(
  reservation: Reservation,
  catalogue: Catalogue | undefined,
  now: Date,
): string {
  const { expiresAt, extendableUntil, spec } = reservation;
  const end = expiresAt === undefined ? "" : `Ends at ${localTime(expiresAt, now)}.`;
  const limit = catalogue?.types.find(({ id }) => id === spec.gpuType)?.limits.maxSeconds;
  const total =
    limit === undefined
      ? ""
      : `${formatDuration(limit)} at most for ${typeLabel(spec.gpuType, spec.gpus === 0 ? "cpu" : "gpu")}`;
  const until =
    extendableUntil === undefined
      ? total && `${total}.`
      : `Can be extended until ${localTime(extendableUntil, now)}${total && `: ${total}`}.`;
  return [end, until].filter(Boolean).join(" ");
}

/** The typed length in seconds, or why it is not valid. */
export function parseExtension(
  text: string,
  reservation: Reservation,
  catalogue: Catalogue | undefined,
): number | string {
  const seconds = parseDurationSeconds(text);
  if (seconds === undefined) return "Enter a length of time, for example 90m or 1h30m.";
  if (seconds < MIN_SECONDS) return "Enter at least 1 minute.";
  const max = maxSeconds(reservation, catalogue);
  if (max !== undefined && seconds > max) return `Enter at most ${formatDuration(max)}.`;
  return seconds;
}

/** The result of an extension. */
export function extendedText({ name, expiresAt }: Reservation, now: Date): string {
  return expiresAt === undefined
    ? `${name} has been extended. Its end is set when it becomes ready.`
    : `${name} now ends at ${localTime(expiresAt, now)}.`;
}

/** Undefined if only the server knows. The server decides in any case. */
function maxSeconds(
  reservation: Reservation,
  catalogue: Catalogue | undefined,
): number | undefined {
  const { expiresAt, extendableUntil, spec } = reservation;
  if (expiresAt !== undefined && extendableUntil !== undefined) {
    return Math.max(0, secondsUntil(extendableUntil, new Date(expiresAt)));
  }
  const limit = catalogue?.types.find(({ id }) => id === spec.gpuType)?.limits.maxSeconds;
  return limit === undefined ? undefined : Math.max(0, limit - spec.durationSeconds);
}

function endText({ expiresAt }: Reservation, seconds: number, now: Date): string {
  if (expiresAt === undefined) return "once it is ready";
  const end = addSeconds(new Date(expiresAt), seconds);
  return `until ${localTime(end.toISOString(), now)}`;
}
