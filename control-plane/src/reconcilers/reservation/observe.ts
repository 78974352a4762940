import { addMs } from "@gpu-dev/shared/durations.ts";
import type { PodView } from "../../cluster/port.ts";
import type { Attempt, Reservation } from "../../domain/reservation.ts";
import { findAttachedDisk } from "../../store/disks.ts";
import { listAttempts } from "../../store/attempts.ts";
import { listReadyNodes } from "../../store/capacity.ts";
import { countRestarts } from "../../store/events.ts";
import type { ReconcilerContext } from "../context.ts";
import {
  isLeaving,
  RESTART_WINDOW_MS,
  type Member,
  type MoreFacts,
  type NodeObservation,
  type Observation,
} from "./observation.ts";

export function observeRow(context: ReconcilerContext, row: Reservation): Observation {
  const { catalogue, clock, availability } = context;
  return { row, catalogue, now: clock.now(), stableSince: availability.stableSince() };
}

/** Adds the facts that a decision requested. */
export async function observeMore(
  context: ReconcilerContext,
  observation: Observation,
  facts: MoreFacts,
): Promise<Observation> {
  switch (facts) {
    case "members":
      return observeMembers(context, observation);
    case "nodes":
      return observeNodes(context, observation);
    case "restarts": {
      const since = addMs(observation.now, -RESTART_WINDOW_MS);
      return {
        ...observation,
        recentRestarts: await countRestarts(context.database, observation.row.id, since),
      };
    }
  }
}

/**
 * In `starting` and `ready`: the members of the current attempt. In `queued` and `stopping`: every
 * member that still holds units, with a pod of this installation even if the process died before
 * it recorded the UID.
 */
async function observeMembers(
  context: ReconcilerContext,
  observation: Observation,
): Promise<Observation> {
  const { row } = observation;
  const isLive = row.state === "starting" || row.state === "ready";
  const [attempts, disk] = await Promise.all([
    listAttempts(context.database, row.id),
    row.state === "starting" ? findAttachedDisk(context.database, row.id) : undefined,
  ]);
  const relevant = attempts.filter((attempt) =>
    isLive ? attempt.attempt === row.attempt : attempt.goneAt === undefined,
  );
  const members = await Promise.all(
    relevant.map(async (attempt) => ({
      attempt,
      pod:
        attempt.goneAt !== undefined || (isLive && attempt.podUid === undefined)
          ? undefined
          : await readPod(context, attempt),
    })),
  );
  return { ...observeRow(context, row), members, disk };
}

/** The pod of this attempt. A pod of the same name with another UID is not returned. */
export async function readPod(
  { cluster, availability, installation }: ReconcilerContext,
  attempt: Attempt,
): Promise<PodView | undefined> {
  const pod = await cluster.getPod(attempt.podName);
  availability.succeeded();
  const isRecorded =
    attempt.podUid === undefined
      ? pod?.installation === installation && pod.reservationId === attempt.reservationId
      : pod?.uid === attempt.podUid;
  return isRecorded ? pod : undefined;
}

/**
 * Adds the nodes of the members. For a running pod a ready node row suffices; in every other case
 * the node is read from the cluster.
 */
async function observeNodes(
  context: ReconcilerContext,
  observation: Observation,
): Promise<Observation> {
  const members = (observation.members ?? []).filter(({ attempt }) => attempt.goneAt === undefined);
  const running = members.filter((member) => !isLeaving(member)).map(({ attempt }) => attempt.node);
  const ready =
    running.length > 0 ? await listReadyNodes(context.database, [...new Set(running)]) : new Set();
  const observed = await Promise.all(
    members.map(async (member): Promise<Member> => {
      const name = member.attempt.node;
      if (!isLeaving(member) && ready.has(name)) return { ...member, node: { status: "ready" } };
      return { ...member, node: await readNode(context, name) };
    }),
  );
  return { ...observation, members: observed };
}

async function readNode({ cluster }: ReconcilerContext, name: string): Promise<NodeObservation> {
  const node = await cluster.getNode(name);
  if (!node) return { status: "missing" };
  return node.ready ? { status: "ready" } : { status: "not-ready", since: node.notReadySince };
}
