import { addMs, Second } from "@gpu-dev/shared/durations.ts";
import { MAXIMUM_AGES } from "../../../domain/maximumAges.ts";
import type { Decision } from "../decision.ts";
import { typeOf, type Member, type Observation } from "../observe.ts";

const RECHECK_MS = 2 * Second.ms;

/**
 * Closing, saving the disk, removing: a step is done when its effect is seen, not when it was
 * requested.
 */
export function decideStopping(seen: Observation): Decision {
  const { row } = seen;
  switch (row.phase) {
    case "saving-disk":
      return { kind: "releaseDisk", next: "removing" };
    case "removing":
      if (row.endReason === undefined) {
        throw new Error(`reservation ${row.id} is stopping without an end reason`);
      }
      return { kind: "finish", reason: row.endReason };
    default:
      return decideClosing(seen);
  }
}

/** Members whose pod is gone, not asked to end yet, or not recorded. */
export function membersToClose(members: readonly Member[]): Member[] {
  return members.filter(
    ({ attempt, pod, isClosing }) =>
      attempt.goneAt === undefined &&
      isClosing !== true &&
      (!pod?.deleting || attempt.podUid === undefined),
  );
}

function decideClosing(seen: Observation): Decision {
  const { row, members } = seen;
  if (!members) return { kind: "observe", facts: "members" };
  const closable = membersToClose(members);
  if (closable.length > 0) return { kind: "close", members: closable };
  const open = members.filter(({ attempt }) => attempt.goneAt === undefined);
  if (open.length > 0) return waitForPods(seen, open);
  const phase = row.spec.disk === null ? "removing" : "saving-disk";
  return { kind: "progress", phase, detail: undefined, hasEvent: false };
}

/**
 * Waits without a limit. After its budget it reports that, and pods on lost nodes are removed by
 * force.
 */
function waitForPods(seen: Observation, open: readonly Member[]): Decision {
  const { row, now } = seen;
  const wait: Decision = { kind: "wait", checkAt: addMs(now, RECHECK_MS) };
  const deadline = MAXIMUM_AGES.stopping.until(row, typeOf(seen), seen.catalogue);
  if (!deadline || now < deadline) return wait;
  if (open.some(({ node }) => !node)) return { kind: "observe", facts: "nodes" };
  const lost = open.filter(({ attempt, node }) => node?.status !== "ready" && attempt.podUid);
  if (lost.length > 0) return { kind: "forceDelete", members: lost };
  const nodes = open.map(({ attempt }) => attempt.node).join(", ");
  const detail = `Its pod on ${nodes} takes longer to end than it should.`;
  if (row.phaseDetail === detail) return wait;
  return { kind: "progress", phase: row.phase, detail, hasEvent: false };
}
