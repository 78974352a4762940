import type { Catalogue, GpuType } from "@gpu-dev/shared/api/catalogue.ts";
import type { ReservationState } from "@gpu-dev/shared/states.ts";
import type { Reservation } from "./reservation.ts";

type Dated = Pick<
  Reservation,
  "queuedAt" | "placedAt" | "capacityUntil" | "expiresAt" | "stateSince"
>;

/** How long a state may last, counted from its own start, and the way out when it did. */
export interface MaximumAge {
  /** When the way out is taken; null when nothing waits in this state. */
  readonly until: (row: Dated, type: GpuType, catalogue: Catalogue) => Date | null;
  readonly wayOut:
    | { readonly kind: "stopping"; readonly reason: "horizon" | "start-failed" | "expired" }
    /** It never gives up, but it says so and removes by force what may be removed so. */
    | { readonly kind: "force" }
    | { readonly kind: "final" };
}

const plus = (at: Date, seconds: number): Date => new Date(at.getTime() + seconds * 1_000);

/** Nothing can wait for ever: every state is in this table, and a test walks it. */
export const MAXIMUM_AGES: Record<ReservationState, MaximumAge> = {
  queued: {
    until: (row, _type, catalogue) => plus(row.queuedAt, catalogue.planningHorizonSeconds),
    wayOut: { kind: "stopping", reason: "horizon" },
  },
  starting: {
    until: (row, type) => plus(row.placedAt ?? row.stateSince, type.startBudgetSeconds),
    wayOut: { kind: "stopping", reason: "start-failed" },
  },
  ready: {
    until: (row) => row.expiresAt ?? row.capacityUntil,
    wayOut: { kind: "stopping", reason: "expired" },
  },
  stopping: {
    until: (row, type) => plus(row.stateSince, type.teardownBudgetSeconds),
    wayOut: { kind: "force" },
  },
  ended: { until: () => null, wayOut: { kind: "final" } },
  failed: { until: () => null, wayOut: { kind: "final" } },
};
