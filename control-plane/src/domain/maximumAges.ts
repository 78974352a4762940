import type { Catalogue, GpuType } from "@gpu-dev/shared/api/catalogue.ts";
import { addSeconds } from "@gpu-dev/shared/durations.ts";
import type { ReservationState } from "@gpu-dev/shared/states.ts";
import type { Reservation } from "./reservation.ts";

type Dated = Pick<
  Reservation,
  "queuedAt" | "placedAt" | "capacityUntil" | "expiresAt" | "stateSince"
>;

/** How long a state may last, counted from its own start, and the exit after that. */
export interface MaximumAge {
  /** When the exit is taken; undefined when nothing waits in this state. */
  readonly until: (row: Dated, type: GpuType, catalogue: Catalogue) => Date | undefined;
  readonly exit:
    | { readonly kind: "stopping"; readonly reason: "horizon" | "start-failed" | "expired" }
    /** It keeps trying, reports that it takes too long, and removes by force what may be. */
    | { readonly kind: "force" }
    | { readonly kind: "final" };
}

/** Nothing can wait forever: every state is in this table, and a test walks it. */
export const MAXIMUM_AGES: Record<ReservationState, MaximumAge> = {
  queued: {
    until: (row, _type, catalogue) => addSeconds(row.queuedAt, catalogue.planningHorizonSeconds),
    exit: { kind: "stopping", reason: "horizon" },
  },
  starting: {
    until: (row, type) => addSeconds(row.placedAt ?? row.stateSince, type.startBudgetSeconds),
    exit: { kind: "stopping", reason: "start-failed" },
  },
  ready: {
    until: (row) => row.expiresAt ?? row.capacityUntil,
    exit: { kind: "stopping", reason: "expired" },
  },
  stopping: {
    until: (row, type) => addSeconds(row.stateSince, type.teardownBudgetSeconds),
    exit: { kind: "force" },
  },
  ended: { until: () => undefined, exit: { kind: "final" } },
  failed: { until: () => undefined, exit: { kind: "final" } },
};
