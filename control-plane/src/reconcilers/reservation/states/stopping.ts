import { addMs, Second } from "@gpu-dev/shared/durations.ts";
import { MAXIMUM_AGES } from "../../../domain/maximumAges.ts";
import type { Decision } from "../decision.ts";
import { typeOf, type Member, type Observation } from "../observation.ts";

const RECHECK_MS = 2 * Second.ms;

/**
 * The phases are closing, saving the disk and removing. A phase is complete when its effect is
 * observed, not when it is requested.
 */
export function decideStopping(observation: Observation): Decision {
  const { row } = observation;
  switch (row.phase) {
    case "saving-disk":
      return { kind: "releaseDisk", next: "removing" };
    case "removing":
      if (row.endReason === undefined) {
        throw new Error(`reservation ${row.id} is stopping without an end reason`);
      }
      return { kind: "finish", reason: row.endReason };
    default:
      return decideClosing(observation);
  }
}

/** Members whose pod is gone, is not being deleted yet, or has no recorded UID. */
export function membersToClose(members: readonly Member[]): Member[] {
  return members.filter(
    ({ attempt, pod, isClosing }) =>
      attempt.goneAt === undefined &&
      isClosing !== true &&
      (!pod?.deleting || attempt.podUid === undefined),
  );
}

function decideClosing(observation: Observation): Decision {
  const { row, members } = observation;
  if (!members) return { kind: "observe", facts: "members" };
  const closable = membersToClose(members);
  if (closable.length > 0) return { kind: "close", members: closable };
  const open = members.filter(({ attempt }) => attempt.goneAt === undefined);
  if (open.length > 0) return waitForPods(observation, open);
  const phase = row.spec.disk === null ? "removing" : "saving-disk";
  return { kind: "progress", phase, detail: undefined, hasEvent: false };
}

/**
 * Waits without a limit. Once the teardown budget is used up, the delay is shown, and pods on lost
 * nodes are force-deleted.
 */
function waitForPods(observation: Observation, open: readonly Member[]): Decision {
  const { row, now } = observation;
  const wait: Decision = { kind: "wait", checkAt: addMs(now, RECHECK_MS) };
  const deadline = MAXIMUM_AGES.stopping.until(row, typeOf(observation), observation.catalogue);
  if (!deadline || now < deadline) return wait;
  if (open.some(({ node }) => !node)) return { kind: "observe", facts: "nodes" };
  const lost = open.filter(({ attempt, node }) => node?.status !== "ready" && attempt.podUid);
  if (lost.length > 0) return { kind: "forceDelete", members: lost };
  const nodes = open.map(({ attempt }) => attempt.node).join(", ");
  const detail = `Its pod on ${nodes} takes longer to end than it should.`;
  if (row.phaseDetail === detail) return wait;
  return { kind: "progress", phase: row.phase, detail, hasEvent: false };
}
