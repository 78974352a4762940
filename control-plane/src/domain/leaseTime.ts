import type { GpuType } from "@gpu-dev/shared/api/catalogue.ts";

type Budgets = Pick<GpuType, "startBudgetSeconds" | "teardownBudgetSeconds">;

const plus = (at: Date, seconds: number): Date => new Date(at.getTime() + seconds * 1_000);

/** Fixed at placement; the plan knows only this, so a slow start never moves anybody else. */
export function capacityUntil(placedAt: Date, durationSeconds: number, budgets: Budgets): Date {
  return plus(
    placedAt,
    budgets.startBudgetSeconds + durationSeconds + budgets.teardownBudgetSeconds,
  );
}

/** `min(ready + duration, capacityUntil - teardown budget)`: a start slower than its budget shortens the lease. */
export function expiresAt(
  readyAt: Date,
  durationSeconds: number,
  until: Date,
  budgets: Budgets,
): Date {
  const asked = plus(readyAt, durationSeconds);
  const possible = plus(until, -budgets.teardownBudgetSeconds);
  return asked < possible ? asked : possible;
}

/** Warnings are due this many minutes before the end, largest first. */
export const WARNING_MINUTES = [30, 15, 5] as const;

/**
 * The smallest warning that is due at `now` and applies to this lease: one that lies within its whole length, so
 * a lease of 5 minutes is not told at once that 30 are left. Null when none is.
 */
export function dueWarning(now: Date, lease: { readyAt: Date; expiresAt: Date }): number | null {
  const leftMs = lease.expiresAt.getTime() - now.getTime();
  const wholeMs = lease.expiresAt.getTime() - lease.readyAt.getTime();
  const due = WARNING_MINUTES.filter(
    (minutes) => minutes * 60_000 < wholeMs && leftMs <= minutes * 60_000,
  );
  return due.at(-1) ?? null;
}

/** When the next warning, or else the end, is due after `now`. */
export function nextLeaseMoment(now: Date, lease: { readyAt: Date; expiresAt: Date }): Date {
  const wholeMs = lease.expiresAt.getTime() - lease.readyAt.getTime();
  const moments = WARNING_MINUTES.filter((minutes) => minutes * 60_000 < wholeMs)
    .map((minutes) => plus(lease.expiresAt, -minutes * 60))
    .filter((at) => at > now);
  return moments[0] ?? lease.expiresAt;
}
