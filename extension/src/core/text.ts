import type { EndReason } from "@gpu-dev/shared/states.ts";
import type { Disk } from "@gpu-dev/client/http/responses.ts";

/** "1, 2 or 4"; empty for no numbers. */
export function orList(numbers: readonly number[]): string {
  const last = numbers.at(-1);
  if (last === undefined) return "";
  const before = numbers.slice(0, -1).join(", ");
  return before === "" ? String(last) : `${before} or ${String(last)}`;
}

/** "15:20" today, "Tue 24 Nov 15:20" on another day, in the time zone of this machine. */
export function formatClockTime(at: Date, now: Date): string {
  formats ??= createFormats();
  const time = formats.time.format(at);
  return isSameDay(at, now) ? time : `${formats.day.format(at).replace(",", "")} ${time}`;
}

export function isSameDay(a: Date, b: Date): boolean {
  return a.toDateString() === b.toDateString();
}

/** "used by demo until 15:20". */
export function formatDiskUse({ name, until }: NonNullable<Disk["heldBy"]>, now: Date): string {
  return `used by ${name}${until === undefined ? "" : ` until ${formatClockTime(new Date(until), now)}`}`;
}

/** Why a reservation ended, short enough for a row. */
export function endReasonLabel(reason: EndReason | undefined): string {
  return reason === undefined ? "ended" : END_REASON_LABELS[reason];
}

const END_REASON_LABELS = {
  expired: "lease expired",
  cancelled: "cancelled",
  "start-failed": "could not start",
  "node-lost": "node was lost",
  evicted: "evicted from its node",
  horizon: "queued for too long",
  "crash-loop": "kept crashing",
} as const satisfies Record<EndReason, string>;

/**
 * Created once, because creating a format costs far more than using it and rows are redrawn every
 * minute. Created on first use, because the first format of a process takes 10 ms, which activation
 * cannot spare.
 */
let formats: ReturnType<typeof createFormats> | undefined;

function createFormats() {
  return {
    time: new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" }),
    day: new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "numeric", month: "short" }),
  };
}
