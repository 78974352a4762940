import { addMs, Minute, Second } from "@gpu-dev/shared/durations.ts";
import type { StartingPhase } from "@gpu-dev/shared/states.ts";
import { capitalize } from "@gpu-dev/shared/text.ts";
import { expiresAt as leaseEnd } from "../../../domain/leaseTime.ts";
import { MAXIMUM_AGES } from "../../../domain/maximumAges.ts";
import { earliestOf, memberLabel, type Decision, type PullFailure } from "../decision.ts";
import { imageOf, mountsDisk, typeOf, type Member, type Observation } from "../observation.ts";
import { assessStart, type StartProgress } from "../startProgress.ts";

/** Watches report changes at once; this covers lost reports. */
const RECHECK_MS = 5 * Second.ms;
/** A start that the cluster rejects is rescheduled, up to this many attempts. */
const MAX_ATTEMPTS = 3;
/** After an outage the cluster has this long to catch up before a deadline counts. */
const STABLE_MS = Minute.ms;

/**
 * The reservation is placed: its objects are created, then its pods are followed. It becomes ready
 * when every member can be reached.
 */
export function decideStarting(observation: Observation): Decision {
  const { row, members, disk } = observation;
  if (row.cancelRequestedAt) {
    return { kind: "end", reason: "cancelled", detail: "Cancelled while it was starting." };
  }
  if (!members) return { kind: "observe", facts: "members" };
  const missing = missingMember(observation, members);
  if (missing) return missing;
  if (observation.creationFailure) return decideAfterFailure(observation, members);
  const uncreated = members.filter(({ attempt }) => attempt.podUid === undefined);
  if (uncreated.length > 0) return { kind: "create", members: uncreated };
  if (row.hostPublicKey === undefined) return { kind: "create", members };
  const decision = follow(observation, members);
  const node = members.find(({ attempt }) => mountsDisk(attempt))?.pod?.node;
  return disk && disk.zone === undefined && node !== undefined
    ? { ...decision, diskZone: { disk: disk.id, node } }
    : decision;
}

/** Handles a member whose units were released or whose pod no longer exists. */
function missingMember(observation: Observation, members: readonly Member[]): Decision | undefined {
  const released = members.find(({ attempt }) => attempt.goneAt !== undefined);
  if (released || members.length < observation.row.nodeCount) {
    return replaceOrFail(observation, released, "its pod is gone");
  }
  const removed = members.find(({ attempt, pod }) => attempt.podUid !== undefined && !pod);
  if (!removed || observation.creationFailure) return undefined;
  return replaceOrFail(observation, removed, "its pod was removed by another client");
}

/**
 * The objects cannot be created, for example because an admission webhook is down. If the cluster
 * responds to reads, only this start is affected: the failure is shown, and the deadline counts.
 */
function decideAfterFailure(observation: Observation, members: readonly Member[]): Decision {
  const { kind, message } = observation.creationFailure ?? { kind: "final", message: "" };
  if (kind === "final") return startFailed(message);
  const detail = kind === "unavailable" ? `So far ${message}` : message;
  const read = kind === "unavailable" ? members : [];
  return (
    deadline(observation, read) ??
    showProgress(observation, { phase: observation.row.phase, detail })
  );
}

function follow(observation: Observation, members: readonly Member[]): Decision {
  const { now } = observation;
  const image = imageOf(observation).reference;
  const assessed = members.flatMap((member) => {
    const { attempt, pod } = member;
    if (!pod) return [];
    const { pullFailingSince } = attempt;
    return [{ member, progress: assessStart(pod, { now, image, pullFailingSince }) }];
  });
  if (assessed.every(({ progress }) => progress.kind === "ready"))
    return becomeReady(observation, members);
  for (const { member, progress } of assessed) {
    if (progress.kind === "fail")
      return startFailed(memberLabel(observation, member) + progress.why);
  }
  for (const { member, progress } of assessed) {
    if (progress.kind === "replace") return replaceOrFail(observation, member, progress.why);
  }
  const bound = members.filter(({ pod }) => pod?.node !== undefined);
  if (bound.some(({ node }) => !node)) return { kind: "observe", facts: "nodes" };
  const lost = bound.find(({ node }) => node?.status !== "ready");
  if (lost) return replaceOrFail(observation, lost, `node ${lost.attempt.node} was lost`);
  return (
    deadline(observation, members) ?? showProgress(observation, slowest(observation, assessed))
  );
}

interface Assessed {
  readonly member: Member;
  readonly progress: StartProgress;
}

interface Progress {
  readonly phase: Observation["row"]["phase"];
  readonly detail: string;
  readonly pullFailures?: readonly PullFailure[];
}

const PHASE_ORDER: readonly StartingPhase[] = ["placing", "disk", "pulling", "booting"];

/** The reservation shows the phase of its slowest member. */
function slowest(observation: Observation, assessed: readonly Assessed[]): Progress {
  const pending = assessed.flatMap(({ member, progress }) =>
    progress.kind === "phase" ? [{ member, progress }] : [],
  );
  const [first] = pending.toSorted(
    (a, b) => PHASE_ORDER.indexOf(a.progress.phase) - PHASE_ORDER.indexOf(b.progress.phase),
  );
  if (!first) throw new Error(`reservation ${observation.row.id} starts without a pending member`);
  const { phase, detail } = first.progress;
  return {
    phase: phase === "placing" && observation.disk ? "disk" : phase,
    detail: `${capitalize(memberLabel(observation, first.member))}${detail}`,
    pullFailures: pending.flatMap(({ member, progress }) =>
      pullFailureOf(observation, member, progress),
    ),
  };
}

/** What to record if the pull begins to fail, or stops failing because the container runs. */
function pullFailureOf(
  { now }: Observation,
  { attempt: { podName, pullFailingSince } }: Member,
  { phase, isPullFailing }: StartProgress & { kind: "phase" },
): PullFailure[] {
  if (isPullFailing === true)
    return pullFailingSince === undefined ? [{ podName, since: now }] : [];
  return pullFailingSince !== undefined && phase !== "pulling"
    ? [{ podName, since: undefined }]
    : [];
}

function showProgress(
  observation: Observation,
  { phase, detail, pullFailures = [] }: Progress,
): Decision {
  const { row, now } = observation;
  const hasEvent = row.phase !== phase || pullFailures.some(({ since }) => since !== undefined);
  if (hasEvent || row.phaseDetail !== detail || pullFailures.length > 0) {
    return { kind: "progress", phase, detail, hasEvent, pullFailures };
  }
  const due = MAXIMUM_AGES.starting.until(row, typeOf(observation), observation.catalogue);
  return {
    kind: "wait",
    checkAt: earliestOf(addMs(now, RECHECK_MS), due && due > now ? due : undefined),
  };
}

function becomeReady(observation: Observation, members: readonly Member[]): Decision {
  const { row, now } = observation;
  if (!row.capacityUntil) throw new Error(`reservation ${row.id} starts without its capacity`);
  const seconds = row.durationSeconds + row.extendedSeconds;
  return {
    kind: "ready",
    members,
    expiresAt: leaseEnd(now, seconds, row.capacityUntil, typeOf(observation)),
  };
}

/**
 * The deadline counts only after a successful read, and only if the cluster has been available long
 * enough to meet it.
 */
function deadline(observation: Observation, members: readonly Member[]): Decision | undefined {
  const { row, now, catalogue } = observation;
  const type = typeOf(observation);
  const times = members.flatMap(({ pod }) => (pod && pod.createdAt < now ? [pod.createdAt] : []));
  const createdAt = times.toSorted((a, b) => b.getTime() - a.getTime())[0];
  const isLater = createdAt && row.placedAt && createdAt > row.placedAt;
  const placedAt = isLater === true ? createdAt : row.placedAt;
  const due = MAXIMUM_AGES.starting.until({ ...row, placedAt }, type, catalogue);
  if (!due || now < due) return undefined;
  const stableAt = addMs(observation.stableSince, STABLE_MS);
  if (now < stableAt) return { kind: "wait", checkAt: stableAt };
  const minutes = String(Math.round(type.startBudgetSeconds / Minute.seconds));
  const phase = row.phase ?? "placing";
  return startFailed(
    `it was not ready within ${minutes} min; it was in phase "${phase}": ${row.phaseDetail ?? ""}`,
  );
}

function startFailed(why: string): Decision {
  return { kind: "end", reason: "start-failed", detail: `It could not start: ${why}` };
}

/**
 * Returns it to its position in the queue, which depends on the age of the request. Its old pods
 * hold their units until they are gone.
 */
function replaceOrFail(
  observation: Observation,
  member: Member | undefined,
  reason: string,
): Decision {
  const { row } = observation;
  const why = member ? memberLabel(observation, member) + reason : reason;
  if (row.attempt >= MAX_ATTEMPTS) {
    return startFailed(`${why}. That was attempt ${String(row.attempt)}, the last.`);
  }
  return { kind: "replace", why, node: member?.attempt.node };
}
