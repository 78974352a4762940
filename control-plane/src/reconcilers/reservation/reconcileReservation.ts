import type { ReservationId } from "@gpu-dev/shared/ids.ts";
import { TERMINAL, type ReservationState } from "@gpu-dev/shared/states.ts";
import { findReservation } from "../../store/reservations.ts";
import type { ReconcileResult, ReconcilerContext } from "../context.ts";
import type { Pass } from "./pass.ts";
import { passQueued } from "./queued.ts";
import { passReady } from "./ready.ts";
import { passStarting } from "./starting.ts";
import { passStopping } from "./stopping.ts";

const PASSES: Partial<Record<ReservationState, Pass>> = {
  queued: passQueued,
  starting: passStarting,
  ready: passReady,
  stopping: passStopping,
};

/** More steps than any way through the states has: past it two writers fight, and the next run goes on. */
const MOST_STEPS = 25;

/** Takes a reservation (the key is its id) as far as it goes now, and says when to look again. */
export async function reconcileReservation(
  context: ReconcilerContext,
  key: string,
): Promise<ReconcileResult> {
  for (let step = 0; step < MOST_STEPS; step += 1) {
    const row = await findReservation(context.database, key as ReservationId);
    const pass = row && PASSES[row.state];
    if (!pass || TERMINAL.includes(row.state)) return {};
    const result = await pass(context, row);
    if (result !== "again") return result;
  }
  return { requeueAt: context.clock.now() };
}
