import type { GpuType } from "@gpu-dev/shared/api/catalogue.ts";
import { formatDuration, Hour, parseDurationSeconds, Second } from "@gpu-dev/shared/durations.ts";
import { formatClockTime } from "../core/text.ts";
import { isWithinLimits } from "./answers.ts";
import type { Choice } from "./choice.ts";

const OFFERED_HOURS = [1, 2, 4, 8, 24, 48];

/** What was typed, then the usual lengths that the type allows, and the last one chosen where it is none of them. */
export function durationChoices(
  type: GpuType,
  options: { readonly typed: string; readonly chosen: number | null; readonly now: Date },
): Choice<number>[] {
  const { typed, chosen, now } = options;
  const usual = OFFERED_HOURS.map((hours) => hours * Hour.seconds);
  const wanted = chosen === null || usual.includes(chosen) ? usual : [...usual, chosen];
  const possible = wanted.filter((seconds) => isWithinLimits(type, seconds));
  const seconds = possible.length === 0 ? [type.limits.maxSeconds] : possible;
  const offered = seconds
    .sort((a, b) => a - b)
    .map((each): Choice<number> => ({
      id: durationId(each),
      label: lengthWords(each),
      description: endText(each, now),
      pick: { value: each },
    }));
  if (typed.trim() === "") return offered;
  // The line of what was typed stands for the offered one of the same length.
  const own = typedChoice(type, typed, now);
  return [own, ...offered.filter(({ id }) => id !== own.id)];
}

export function durationId(seconds: number): string {
  return `duration/${String(seconds)}`;
}

/** Reads what was typed: the seconds, or what is wrong with it as a sentence. */
export function readDuration(type: GpuType, typed: string): number | string {
  const seconds = parseDurationSeconds(typed);
  if (seconds === null) return "Write a length of time with its unit, such as 90m, 1h30 or 1.5 h.";
  if (isWithinLimits(type, seconds)) return seconds;
  const { minSeconds, maxSeconds } = type.limits;
  return `Choose from ${formatDuration(minSeconds)} to ${lengthWords(maxSeconds)}.`;
}

function typedChoice(type: GpuType, typed: string, now: Date): Choice<number> {
  const read = readDuration(type, typed);
  if (typeof read === "string") {
    const label = typed.trim();
    return {
      id: "typed",
      label,
      detail: read,
      icon: "warning",
      pick: { whyNot: read },
      isTyped: true,
    };
  }
  return {
    id: durationId(read),
    label: lengthWords(read),
    description: endText(read, now),
    pick: { value: read },
    isTyped: true,
  };
}

function endText(seconds: number, now: Date): string {
  const end = new Date(now.getTime() + seconds * Second.ms);
  return `until ${formatClockTime(end, now)} if it started now`;
}

/** Whole hours as hours up to two days, as leases are counted. */
function lengthWords(seconds: number): string {
  const hours = seconds / Hour.seconds;
  if (!Number.isInteger(hours) || hours > 48) return formatDuration(seconds);
  return hours === 1 ? "1 hour" : `${String(hours)} hours`;
}
