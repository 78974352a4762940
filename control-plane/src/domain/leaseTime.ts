import type { Catalogue, GpuType } from "@gpu-dev/shared/api/catalogue.ts";
import { addMs, addSeconds, Minute } from "@gpu-dev/shared/durations.ts";
import { findType } from "./catalogue.ts";
import type { Reservation } from "./reservation.ts";

type Budgets = Pick<GpuType, "startBudgetSeconds" | "teardownBudgetSeconds">;

/**
 * Fixed at placement. The planner uses only this time, so a slow start never delays another
 * reservation.
 */
export function capacityUntil(placedAt: Date, durationSeconds: number, budgets: Budgets): Date {
  return addSeconds(
    placedAt,
    budgets.startBudgetSeconds + durationSeconds + budgets.teardownBudgetSeconds,
  );
}

/**
 * `min(ready + duration, capacityUntil - teardown budget)`: a start slower than its budget shortens
 * the lease.
 */
export function expiresAt(
  readyAt: Date,
  durationSeconds: number,
  until: Date,
  budgets: Budgets,
): Date {
  const requested = addSeconds(readyAt, durationSeconds);
  const possible = addSeconds(until, -budgets.teardownBudgetSeconds);
  return requested < possible ? requested : possible;
}

/** The seconds by which a reservation could still be extended. */
export function extendableSeconds(
  reservation: Pick<Reservation, "gpuType" | "durationSeconds" | "extendedSeconds">,
  catalogue: Catalogue,
): number {
  const total = reservation.durationSeconds + reservation.extendedSeconds;
  const limits = findType(catalogue, reservation.gpuType)?.limits;
  return Math.max(0, (limits?.maxSeconds ?? total) - total);
}

/** Warnings are due this many minutes before the end, largest first. */
export const WARNING_MINUTES = [30, 15, 5] as const;

interface Lease {
  readonly readyAt: Date;
  readonly expiresAt: Date;
}

/**
 * The smallest warning that is due at `now`; undefined when none is. A warning applies only to a
 * longer lease, so a lease of 5 minutes does not start with the warning that 30 minutes are left.
 */
export function dueWarning(now: Date, lease: Lease): number | undefined {
  const leftMs = lease.expiresAt.getTime() - now.getTime();
  return warningsOf(lease)
    .filter((minutes) => leftMs <= minutes * Minute.ms)
    .at(-1);
}

/** When the next warning is due after `now`; the end of the lease if none is left. */
export function nextLeaseMoment(now: Date, lease: Lease): Date {
  const next = warningsOf(lease)
    .map((minutes) => addMs(lease.expiresAt, -minutes * Minute.ms))
    .find((at) => at > now);
  return next ?? lease.expiresAt;
}

function warningsOf(lease: Lease): number[] {
  const wholeMs = lease.expiresAt.getTime() - lease.readyAt.getTime();
  return WARNING_MINUTES.filter((minutes) => minutes * Minute.ms < wholeMs);
}
