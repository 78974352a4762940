import { formatDuration, Second } from "@gpu-dev/shared/durations.ts";

/** Local time with its zone: "14:20 CET" today, "Tue 24 Nov 14:20 CET" on another day. */
export function localTime(iso: string, now: Date): string {
  const at = new Date(iso);
  const time = new Intl.DateTimeFormat("en-GB", {
    hour: "2-digit",
    minute: "2-digit",
    timeZoneName: "short",
  }).format(at);
  const day = new Intl.DateTimeFormat("en-GB", {
    weekday: "short",
    day: "numeric",
    month: "short",
  });
  return day.format(at) === day.format(now) ? time : `${day.format(at).replace(",", "")} ${time}`;
}

/** With seconds, for timelines. */
export function localTimeExact(iso: string, now: Date): string {
  const at = new Date(iso);
  const time = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" }).format(at);
  const day = new Intl.DateTimeFormat("en-GB", {
    weekday: "short",
    day: "numeric",
    month: "short",
  });
  return day.format(at) === day.format(now) ? time : `${day.format(at).replace(",", "")} ${time}`;
}

export function secondsUntil(iso: string, now: Date): number {
  return Math.round((new Date(iso).getTime() - now.getTime()) / Second.ms);
}

export function timeLeft(iso: string, now: Date): string {
  const seconds = secondsUntil(iso, now);
  return seconds <= 0 ? "over" : formatDuration(seconds);
}
