import type { ReservationId } from "@gpu-dev/shared/ids.ts";
import { TERMINAL } from "@gpu-dev/shared/states.ts";
import { ClusterUnavailable } from "../../cluster/port.ts";
import type { Reservation } from "../../domain/reservation.ts";
import { findReservation } from "../../store/reservations.ts";
import type { ReconcileResult, ReconcilerContext } from "../context.ts";
import { act, write, type ActResult, type FinalDecision } from "./act.ts";
import { closeMembers } from "./closeMembers.ts";
import { createObjects, observeAfterFailure } from "./createObjects.ts";
import { decide } from "./decide.ts";
import type { Member, Observation } from "./observation.ts";
import { observeMore, observeRow } from "./observe.ts";

/**
 * More steps than any path through the states has. Reaching it means that two writers compete; the
 * next run continues.
 */
const MAX_STEPS = 25;

/**
 * Advances a reservation (the key is its id) as far as possible, and returns when to check again.
 */
export async function reconcileReservation(
  context: ReconcilerContext,
  key: string,
): Promise<ReconcileResult> {
  for (let step = 0; step < MAX_STEPS; step += 1) {
    const row = await findReservation(context.database, key as ReservationId);
    if (!row || TERMINAL.includes(row.state)) return {};
    const result = await takeStep(context, row);
    if (result !== "again") return result;
  }
  return { requeueAt: context.clock.now() };
}

/**
 * Observes, decides and acts once. A failed call to the cluster never ends a ready reservation,
 * because it shows nothing about the pods.
 */
async function takeStep(context: ReconcilerContext, row: Reservation): Promise<ActResult> {
  try {
    return await advance(context, observeRow(context, row));
  } catch (error) {
    if (!(error instanceof ClusterUnavailable) || row.state !== "ready") throw error;
    context.availability.failed();
    context.log.warn({ err: error, reservationId: row.id }, "cluster unavailable; nothing ends");
    return advance(context, { ...observeRow(context, row), isClusterUnavailable: true });
  }
}

async function advance(context: ReconcilerContext, start: Observation): Promise<ActResult> {
  let observation = start;
  for (;;) {
    const decision = decide(observation);
    switch (decision.kind) {
      case "observe":
        observation = await observeMore(context, observation, decision.facts);
        break;
      case "close":
        observation = await closeMembers(context, observation, decision.members);
        break;
      case "create": {
        const created = await createMembers(context, observation, decision.members);
        if (created === "again") return created;
        observation = created;
        break;
      }
      default:
        return act(context, observation.row, decision satisfies FinalDecision);
    }
  }
}

async function createMembers(
  context: ReconcilerContext,
  observation: Observation,
  members: readonly Member[],
): Promise<"again" | Observation> {
  const created = await createObjects(context, observation, members);
  if (created === "stale") return "again";
  if ("kind" in created) return observeAfterFailure(context, observation, created);
  const { row, disk } = observation;
  return write(context, row, {
    patch: {
      hostPublicKey: created.hostPublicKey,
      phase: disk ? "disk" : "placing",
      phaseDetail: disk ? `Attaching disk "${disk.name}".` : "Waiting for the scheduler.",
    },
  });
}
