import { addMs, formatDuration, Second } from "@gpu-dev/shared/durations.ts";
import { MAXIMUM_AGES } from "../../../domain/maximumAges.ts";
import { earliestOf, type Decision } from "../decision.ts";
import { typeOf, type Observation } from "../observation.ts";
import { membersToClose } from "./stopping.ts";

const RECHECK_MS = 2 * Second.ms;

/** The planner places it. Here it only ends, or the pods of its earlier attempts are deleted. */
export function decideQueued(observation: Observation): Decision {
  const { row, now, members } = observation;
  if (row.cancelRequestedAt) {
    return { kind: "end", reason: "cancelled", detail: "Cancelled while it was queued." };
  }
  const horizon = MAXIMUM_AGES.queued.until(row, typeOf(observation), observation.catalogue);
  if (horizon && now >= horizon) {
    const waited = formatDuration((now.getTime() - row.queuedAt.getTime()) / Second.ms);
    const detail = `It waited ${waited} and could not start. ${row.waitingReason ?? ""}`.trim();
    return { kind: "end", reason: "horizon", detail };
  }
  // Only a placement inserts attempts, and it increments the counter.
  if (row.attempt === 0) return { kind: "wait", checkAt: horizon ?? undefined };
  if (!members) return { kind: "observe", facts: "members" };
  const closable = membersToClose(members);
  if (closable.length > 0) return { kind: "close", members: closable };
  const isClosing = members.some(({ attempt }) => attempt.goneAt === undefined);
  return {
    kind: "wait",
    checkAt: earliestOf(horizon, isClosing ? addMs(now, RECHECK_MS) : undefined),
  };
}
