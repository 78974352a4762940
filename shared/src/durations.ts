/** Named units. Milliseconds of a second or more are written with one of these. */
export const Second = { ms: 1_000 } as const;
export const Minute = { ms: 60_000, seconds: 60 } as const;
export const Hour = { ms: 3_600_000, seconds: 3_600 } as const;
export const Day = { ms: 86_400_000, seconds: 86_400 } as const;

export function addMs(at: Date, ms: number): Date {
  return new Date(at.getTime() + ms);
}

export function addSeconds(at: Date, seconds: number): Date {
  return addMs(at, seconds * Second.ms);
}

const UNIT_SECONDS: Record<string, number> = {
  s: 1,
  m: Minute.seconds,
  min: Minute.seconds,
  h: Hour.seconds,
  d: Day.seconds,
};

/**
 * Reads "90m", "1h30m", "1h30", "2.5h" or "1d" as seconds. Undefined if the text is not a duration.
 * Fractions are rounded to whole seconds, never to hours.
 */
export function parseDurationSeconds(text: string): number | undefined {
  const spaceless = text.trim().toLowerCase().replaceAll(/\s+/g, "");
  // Accepts a common short form: "1h30" without the unit of the minutes.
  const compact = spaceless.replace(/h(\d+)$/, "h$1m");
  if (!/^(?:\d+(?:\.\d+)?(?:min|[smhd]))+$/.test(compact)) return undefined;
  let seconds = 0;
  for (const [, amount, unit] of compact.matchAll(/(\d+(?:\.\d+)?)(min|[smhd])/g)) {
    seconds += Number(amount) * (UNIT_SECONDS[unit ?? ""] ?? Number.NaN);
  }
  return Number.isFinite(seconds) ? Math.round(seconds) : undefined;
}

/** A duration for users: "45 s", "5 min", "1 h 30 min", "48 h", "2 d 4 h". At most two
 * units; days only above the 48 hours that a lease can last. */
export function formatDuration(totalSeconds: number): string {
  const seconds = Math.max(0, Math.round(totalSeconds));
  if (seconds < Minute.seconds) return `${String(seconds)} s`;
  const minutes = Math.floor(seconds / Minute.seconds);
  if (minutes < 60) return `${String(minutes)} min`;
  const hours = Math.floor(minutes / 60);
  if (minutes <= 48 * 60) return withRest(`${String(hours)} h`, minutes % 60, "min");
  return withRest(`${String(Math.floor(hours / 24))} d`, hours % 24, "h");
}

function withRest(head: string, rest: number, unit: string): string {
  return rest === 0 ? head : `${head} ${String(rest)} ${unit}`;
}
