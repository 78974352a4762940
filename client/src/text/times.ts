import { formatDuration, Second } from "@gpu-dev/shared/durations.ts";

/** Local time with its zone: "14:20 CET" today, "Tue 24 Nov 14:20 CET" on another day. */
export function localTime(iso: string, now: Date): string {
  const format = new Intl.DateTimeFormat("en-GB", {
    hour: "2-digit",
    minute: "2-digit",
    timeZoneName: "short",
  });
  return withDay(new Date(iso), now, format);
}

/** With seconds, for timelines. */
export function localTimeExact(iso: string, now: Date): string {
  return withDay(new Date(iso), now, new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" }));
}

/**
 * Replaces the UTC times of a server's message ("14:20 UTC", "2026-11-23 14:20 UTC") with local
 * ones, so that a text has one kind of time.
 */
export function localTimes(text: string, now: Date): string {
  return text.replaceAll(
    /(\d{4}-\d\d-\d\d )?(\d\d:\d\d) UTC/g,
    (_, date: string | undefined, time: string) => {
      const day = date?.trim() ?? now.toISOString().slice(0, 10);
      const at = new Date(`${day}T${time}:00.000Z`);
      // A time without a date is within a day of now, so its day needs no name.
      return localTime(at.toISOString(), date === undefined ? at : now);
    },
  );
}

export function secondsUntil(iso: string, now: Date): number {
  return Math.round((new Date(iso).getTime() - now.getTime()) / Second.ms);
}

export function timeLeft(iso: string, now: Date): string {
  const seconds = secondsUntil(iso, now);
  return seconds <= 0 ? "expired" : formatDuration(seconds);
}

function withDay(at: Date, now: Date, time: Intl.DateTimeFormat): string {
  const day = new Intl.DateTimeFormat("en-GB", {
    weekday: "short",
    day: "numeric",
    month: "short",
  });
  if (day.format(at) === day.format(now)) return time.format(at);
  return `${day.format(at).replace(",", "")} ${time.format(at)}`;
}
