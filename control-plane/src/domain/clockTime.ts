import { Day } from "@gpu-dev/shared/durations.ts";

/**
 * The time of day in UTC, for user-facing messages: "14:20 UTC", with the date unless it is within
 * a day of `now`.
 */
export function clockTime(at: Date, now: Date): string {
  const iso = at.toISOString();
  const time = `${iso.slice(11, 16)} UTC`;
  const isNear = Math.abs(at.getTime() - now.getTime()) < Day.ms;
  return isNear ? time : `${iso.slice(0, 10)} ${time}`;
}
