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
