import { addMs, Minute, Second } from "@gpu-dev/shared/durations.ts";
import type { StartingPhase } from "@gpu-dev/shared/states.ts";
import { expiresAt as leaseEnd } from "../../../domain/leaseTime.ts";
import { MAXIMUM_AGES } from "../../../domain/maximumAges.ts";
import { earliestOf, memberLabel, type Decision, type PullFailure } from "../decision.ts";
import { imageOf, typeOf, type Member, type Observation } from "../observe.ts";
import { assessStart, type StartProgress } from "../startProgress.ts";

/** Watches report changes at once; this covers lost ones. */
const RECHECK_MS = 5 * Second.ms;
/** A start that the cluster rejects is placed again, up to this many attempts. */
const MAX_ATTEMPTS = 3;
/** After an outage the cluster has this long to catch up before a deadline counts. */
const STABLE_MS = Minute.ms;

/**
 * Placed: its objects are created, then its pods are followed until every member can be reached.
 * All or nothing.
 */
export function decideStarting(seen: Observation): Decision {
  const { row, members, disk } = seen;
  if (row.cancelRequestedAt) {
    return { kind: "end", reason: "cancelled", detail: "Cancelled while it was starting." };
  }
  if (!members) return { kind: "observe", facts: "members" };
  const missing = missingMember(seen, members);
  if (missing) return missing;
  if (seen.creationFailure) return decideAfterFailure(seen, members);
  const unmade = members.filter(({ attempt }) => attempt.podUid === undefined);
  if (unmade.length > 0) return { kind: "create", members: unmade };
  if (row.hostPublicKey === undefined) return { kind: "create", members };
  const decision = follow(seen, members);
  const node = members[0]?.pod?.node;
  return disk && disk.zone === undefined && node !== undefined
    ? { ...decision, diskZone: { disk: disk.id, node } }
    : decision;
}

/** A member whose units were released, or whose pod was there and is gone. */
function missingMember(seen: Observation, members: readonly Member[]): Decision | undefined {
  const released = members.find(({ attempt }) => attempt.goneAt !== undefined);
  if (released || members.length < seen.row.nodeCount) {
    return replaceOrFail(seen, released, "its pod is gone");
  }
  const removed = members.find(({ attempt, pod }) => attempt.podUid !== undefined && !pod);
  if (!removed || seen.creationFailure) return undefined;
  return replaceOrFail(seen, removed, "its pod was removed by another client");
}

/**
 * The objects cannot be created, for example because an admission webhook is down. If the cluster
 * responds to reads, this is a problem of this start only: it is reported, and its deadline counts.
 */
function decideAfterFailure(seen: Observation, members: readonly Member[]): Decision {
  const { kind, message } = seen.creationFailure ?? { kind: "final", message: "" };
  if (kind === "final") return startFailed(message);
  const detail = kind === "unavailable" ? `So far ${message}` : message;
  const read = kind === "unavailable" ? members : [];
  return deadline(seen, read) ?? showProgress(seen, { phase: seen.row.phase, detail });
}

function follow(seen: Observation, members: readonly Member[]): Decision {
  const { now } = seen;
  const image = imageOf(seen).reference;
  const assessed = members.flatMap((member) => {
    const { attempt, pod } = member;
    if (!pod) return [];
    const { pullFailingSince } = attempt;
    return [{ member, progress: assessStart(pod, { now, image, pullFailingSince }) }];
  });
  if (assessed.every(({ progress }) => progress.kind === "ready"))
    return becomeReady(seen, members);
  for (const { member, progress } of assessed) {
    if (progress.kind === "fail") return startFailed(memberLabel(seen, member) + progress.why);
  }
  for (const { member, progress } of assessed) {
    if (progress.kind === "replace") return replaceOrFail(seen, member, progress.why);
  }
  const bound = members.filter(({ pod }) => pod?.node !== undefined);
  if (bound.some(({ node }) => !node)) return { kind: "observe", facts: "nodes" };
  const lost = bound.find(({ node }) => node?.status !== "ready");
  if (lost) return replaceOrFail(seen, lost, `node ${lost.attempt.node} was lost`);
  return deadline(seen, members) ?? showProgress(seen, slowest(seen, assessed));
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

/** The reservation is as far as its slowest member. */
function slowest(seen: Observation, assessed: readonly Assessed[]): Progress {
  const pending = assessed.flatMap(({ member, progress }) =>
    progress.kind === "phase" ? [{ member, progress }] : [],
  );
  const [first] = pending.toSorted(
    (a, b) => PHASE_ORDER.indexOf(a.progress.phase) - PHASE_ORDER.indexOf(b.progress.phase),
  );
  if (!first) throw new Error(`reservation ${seen.row.id} starts without a pending member`);
  const { phase, detail } = first.progress;
  const label = memberLabel(seen, first.member);
  return {
    phase: phase === "placing" && seen.disk ? "disk" : phase,
    detail: label === "" ? detail : `${label[0]?.toUpperCase() ?? ""}${label.slice(1)}${detail}`,
    pullFailures: pending.flatMap(({ member, progress }) => pullFailureOf(seen, member, progress)),
  };
}

/** A pull that starts to fail, or that no longer does because the container runs. */
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

function showProgress(seen: Observation, { phase, detail, pullFailures = [] }: Progress): Decision {
  const { row, now } = seen;
  const hasEvent = row.phase !== phase || pullFailures.some(({ since }) => since !== undefined);
  if (hasEvent || row.phaseDetail !== detail || pullFailures.length > 0) {
    return { kind: "progress", phase, detail, hasEvent, pullFailures };
  }
  const due = MAXIMUM_AGES.starting.until(row, typeOf(seen), seen.catalogue);
  return {
    kind: "wait",
    checkAt: earliestOf(addMs(now, RECHECK_MS), due && due > now ? due : undefined),
  };
}

function becomeReady(seen: Observation, members: readonly Member[]): Decision {
  const { row, now } = seen;
  if (!row.capacityUntil) throw new Error(`reservation ${row.id} starts without its capacity`);
  const seconds = row.durationSeconds + row.extendedSeconds;
  return {
    kind: "ready",
    members,
    expiresAt: leaseEnd(now, seconds, row.capacityUntil, typeOf(seen)),
  };
}

/**
 * Counts only after a successful read, and while the cluster has been available long enough to have
 * met it.
 */
function deadline(seen: Observation, members: readonly Member[]): Decision | undefined {
  const { row, now, catalogue } = seen;
  const type = typeOf(seen);
  const times = members.flatMap(({ pod }) => (pod && pod.createdAt < now ? [pod.createdAt] : []));
  const createdAt = times.toSorted((a, b) => b.getTime() - a.getTime())[0];
  const isLater = createdAt && row.placedAt && createdAt > row.placedAt;
  const placedAt = isLater === true ? createdAt : row.placedAt;
  const due = MAXIMUM_AGES.starting.until({ ...row, placedAt }, type, catalogue);
  if (!due || now < due) return undefined;
  const stableAt = addMs(seen.stableSince, STABLE_MS);
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
 * Back to its position in the queue, which depends on the age of the request. Its old pods hold
 * their units until gone.
 */
function replaceOrFail(seen: Observation, member: Member | undefined, reason: string): Decision {
  const { row } = seen;
  const why = member ? memberLabel(seen, member) + reason : reason;
  if (row.attempt >= MAX_ATTEMPTS) {
    return startFailed(`${why}. That was attempt ${String(row.attempt)}, the last.`);
  }
  return { kind: "replace", why, node: member?.attempt.node };
}
