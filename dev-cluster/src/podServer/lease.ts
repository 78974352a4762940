import { readFileSync } from "node:fs";
import { Day, Hour, Minute, Second } from "../platform/clock.ts";

/** Terminals are warned this many minutes before the end of the lease. */
const WARNING_MINUTES = [30, 15, 5];
/**
 * A warning applies only if the server learned of the end earlier than the warning is due, by this
 * margin: a lease of 5 minutes does not start with a warning, and a server that restarts does not
 * repeat the last one.
 */
const WARNING_MARGIN_MS = 10 * Second.ms;
/** The pod's clock may be behind the control plane's, which ends the lease. */
const CLOCK_MARGIN_MS = Minute.ms;

/** The end of the lease in milliseconds; undefined until the lease has started. */
export function readLeaseEnd(file: string): number | undefined {
  try {
    const end = Date.parse(readFileSync(file, "utf8").trim());
    return Number.isNaN(end) ? undefined : end;
  } catch {
    return undefined;
  }
}

export interface LeaseWarnings {
  /** Whether terminals are to be warned now that the lease ends at `end`; call it regularly. */
  isDue(end: number | undefined, now: number): boolean;
}

/** Gives each warning once per end of the lease: an extension starts over. */
export function createLeaseWarnings(): LeaseWarnings {
  let known: number | undefined;
  let pending: number[] = [];
  return {
    isDue: (end, now) => {
      if (end !== known) {
        known = end;
        const isAhead = (minutes: number): boolean =>
          end !== undefined && end - now > minutes * Minute.ms + WARNING_MARGIN_MS;
        pending = WARNING_MINUTES.filter(isAhead);
      }
      if (end === undefined || now >= end) return false;
      const left = pending.filter((minutes) => end - now > minutes * Minute.ms);
      const isDue = left.length < pending.length;
      pending = left;
      return isDue;
    },
  };
}

/** The texts about the lease of one reservation. The name is undefined if the pod has none. */
export function leaseTexts(name: string | undefined) {
  const subject = name ?? "This reservation";
  const extend = `gpu-dev extend${name === undefined ? "" : ` ${name}`}`;
  return {
    greeting: (end: number | undefined, now: number): string => {
      if (end === undefined) return "";
      if (now >= end) return `The lease ended at ${utc(end, now)}.`;
      const left = duration(end - now);
      return `The lease ends at ${utc(end, now)}, in ${left}. To extend it, run on your computer: ${extend}`;
    },
    warning: (end: number, now: number): string => {
      const left = duration(end - now);
      return `[gpu-dev] ${subject} ends in ${left}, at ${utc(end, now)}. Its programs are then stopped. To extend it, run on your computer: ${extend}`;
    },
    /** Why the pod ends: only its lease is known here, not who cancelled it. */
    ended: (end: number | undefined, now: number): string => {
      if (end !== undefined && now >= end - CLOCK_MARGIN_MS) {
        return `The lease of ${name ?? "this reservation"} ended at ${utc(end, now)}. To reserve again: gpu-dev reserve`;
      }
      const command = `gpu-dev show${name === undefined ? "" : ` ${name}`}`;
      return `${subject} was stopped before the end of its lease: it was cancelled, or its node failed. The reason: ${command}. To reserve again: gpu-dev reserve`;
    },
    keyRemoved: "Your SSH key was removed. To register the key of this computer: gpu-dev login",
  };
}

/** "14:20 UTC", with the date unless it is within a day. */
function utc(at: number, now: number): string {
  const iso = new Date(at).toISOString();
  const time = `${iso.slice(11, 16)} UTC`;
  return Math.abs(at - now) < Day.ms ? time : `${iso.slice(0, 10)} ${time}`;
}

/** In whole minutes, rounded up; in days when that is more than two. */
function duration(ms: number): string {
  const minutes = Math.ceil(ms / Minute.ms);
  if (minutes < 60) return minutes === 1 ? "1 minute" : `${String(minutes)} minutes`;
  if (ms > 2 * Day.ms) return `${String(Math.floor(ms / Day.ms))} days`;
  const hours = Math.floor((minutes * Minute.ms) / Hour.ms);
  const rest = minutes % 60;
  return rest === 0 ? `${String(hours)} h` : `${String(hours)} h ${String(rest)} min`;
}
