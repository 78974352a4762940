import { addMs, Minute, Second } from "@gpu-dev/shared/durations.ts";
import { clockTime } from "../../../domain/clockTime.ts";
import { dueWarning, nextLeaseMoment } from "../../../domain/leaseTime.ts";
import { earliestOf, memberLabel, type Decision } from "../decision.ts";
import { restartCause } from "../messages.ts";
import { isLeaving, RESTART_WINDOW_MS, type Member, type Observation } from "../observation.ts";

const RETRY_MS = 10 * Second.ms;
/** Restarts within `RESTART_WINDOW_MS` that end the reservation. */
const MAX_RECENT_RESTARTS = 5;
/** How long a node may be unreachable before its pods count as lost; the same as in Kubernetes. */
const NODE_GRACE_MS = 5 * Minute.ms;
const NODE_REASONS = ["NodeLost", "NodeShutdown", "Terminated", "NodeAffinity"];

/**
 * In use. The end of the lease and a cancellation apply even if the cluster is unavailable;
 * anything else that ends it must be observed on its pods or nodes.
 */
export function decideReady(observation: Observation): Decision {
  const { row, now, members } = observation;
  const { readyAt, expiresAt } = row;
  if (!readyAt || !expiresAt) throw new Error(`reservation ${row.id} is ready without its times`);
  if (row.cancelRequestedAt) {
    return { kind: "end", reason: "cancelled", detail: "Cancelled while it was in use." };
  }
  if (now >= expiresAt) {
    const detail = `The lease expired at ${clockTime(expiresAt, now)}.`;
    return { kind: "end", reason: "expired", detail };
  }
  const minutes = dueWarning(now, { readyAt, expiresAt });
  if (minutes !== undefined && (row.warnedMinutes === undefined || minutes < row.warnedMinutes)) {
    return { kind: "warn", minutes, expiresAt };
  }
  const checkAt = nextLeaseMoment(now, { readyAt, expiresAt });
  if (observation.isClusterUnavailable === true) {
    return { kind: "wait", checkAt: earliestOf(checkAt, addMs(now, RETRY_MS)) };
  }
  if (!members) return { kind: "observe", facts: "members" };
  if (members.length === 0) throw new Error(`reservation ${row.id} is ready without an attempt`);
  if (members.some(({ node }) => !node)) return { kind: "observe", facts: "nodes" };
  return (
    endedMember(observation, members) ??
    restartedMember(observation, members) ?? {
      kind: "maintain",
      changed: members.filter(differs),
      checkAt,
    }
  );
}

/**
 * A member whose pod has ended ends the whole reservation. A pod that is only not ready keeps
 * running.
 */
function endedMember(observation: Observation, members: readonly Member[]): Decision | undefined {
  for (const member of members) {
    const { pod, attempt, node } = member;
    const nodeName = attempt.node;
    if (node?.status !== "ready" && (isLeaving(member) || isLost(member, observation.now))) {
      return { kind: "end", reason: "node-lost", detail: `Its node ${nodeName} was lost.` };
    }
    if (!isLeaving(member)) continue;
    const status = [pod?.reason, pod?.message].filter(Boolean).join(": ");
    if (pod?.reason && NODE_REASONS.includes(pod.reason)) {
      const detail = `Its node ${nodeName} went down (${status}).`;
      return { kind: "end", reason: "node-lost", detail };
    }
    const detail =
      status === ""
        ? `Its pod on ${nodeName} was removed by the cluster or an operator.`
        : `Its pod on ${nodeName} was evicted (${status}).`;
    return { kind: "end", reason: "evicted", detail };
  }
  return undefined;
}

/** The node no longer exists, or has been unreachable for longer than the grace period. */
function isLost({ node }: Member, now: Date): boolean {
  if (node?.status === "missing") return true;
  if (node?.status !== "not-ready" || !node.since) return false;
  return now.getTime() - node.since.getTime() > NODE_GRACE_MS;
}

/** Each restart is reported with its cause; several within a short time end the reservation. */
function restartedMember(
  observation: Observation,
  members: readonly Member[],
): Decision | undefined {
  for (const member of members) {
    const count = (member.pod?.restarts ?? 0) - member.attempt.restarts;
    if (count > 0) return { kind: "reportRestart", member, count };
  }
  const suspects = members.filter(({ pod }) => (pod?.restarts ?? 0) >= MAX_RECENT_RESTARTS);
  if (suspects.length === 0) return undefined;
  if (!observation.recentRestarts) return { kind: "observe", facts: "restarts" };
  for (const member of suspects) {
    const restarts = observation.recentRestarts.get(member.attempt.rank) ?? 0;
    if (restarts < MAX_RECENT_RESTARTS || !member.pod) continue;
    const times = `${String(restarts)} times within ${String(RESTART_WINDOW_MS / Minute.ms)} minutes`;
    const subject = subjectOf(observation, member);
    const detail = `${subject} container ended ${times}. ${restartCause(member.pod)}`;
    return { kind: "end", reason: "crash-loop", detail };
  }
  return undefined;
}

function subjectOf(observation: Observation, member: Member): string {
  return memberLabel(observation, member) === "" ? "Its" : `On ${member.attempt.node}, its`;
}

/** Whether the pod shows something that the attempt's row does not record yet. */
function differs({ attempt, pod }: Member): boolean {
  if (!pod) return false;
  return (
    pod.restarts > attempt.restarts ||
    pod.podIp !== attempt.podIp ||
    pod.workspacePath !== attempt.workspacePath
  );
}
