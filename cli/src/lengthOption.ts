import { Hour, parseDurationSeconds } from "@gpu-dev/shared/durations.ts";
import { CliError } from "./exitCodes.ts";

/** Seconds from --hours or --duration; null where neither is given. Nothing is rounded to hours. */
export function lengthFrom(options: { hours?: string; duration?: string }): number | null {
  const { hours, duration } = options;
  if (hours !== undefined && duration !== undefined) {
    throw new CliError("usage", "Give --hours or --duration, not both.");
  }
  if (hours !== undefined) {
    const seconds = Math.round(Number(hours) * Hour.seconds);
    if (/^\d*\.?\d+$/.test(hours) && seconds > 0) return seconds;
    throw new CliError("usage", `--hours takes a number like 1 or 0.5, not "${hours}".`);
  }
  if (duration === undefined) return null;
  const seconds = parseDurationSeconds(duration);
  if (seconds !== null && seconds > 0) return seconds;
  throw new CliError("usage", `--duration takes a time like 90m, 2h or 1h30m, not "${duration}".`);
}
