import type { Catalogue, GpuType } from "@gpu-dev/shared/api/catalogue.ts";
import { addSeconds } from "@gpu-dev/shared/durations.ts";
import type { ReservationState } from "@gpu-dev/shared/states.ts";
import type { Reservation } from "./reservation.ts";

type Dated = Pick<
  Reservation,
  "queuedAt" | "placedAt" | "capacityUntil" | "expiresAt" | "stateSince"
>;

/** The longest time in a state, and what happens after it. */
export interface MaximumAge {
  /** When the exit is taken; undefined for a terminal state. */
  readonly until: (row: Dated, type: GpuType, catalogue: Catalogue) => Date | undefined;
  readonly exit:
    | { readonly kind: "stopping"; readonly reason: "horizon" | "start-failed" | "expired" }
    /** It keeps trying, shows the delay, and force-deletes pods on lost nodes. */
    | { readonly kind: "force" }
    | { readonly kind: "final" };
}

/** No state lasts forever: the table has every state, and a test checks each entry. */
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
