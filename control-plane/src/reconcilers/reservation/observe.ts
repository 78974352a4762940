import type { Catalogue, CatalogueImage, GpuType } from "@gpu-dev/shared/api/catalogue.ts";
import { addMs, Minute } from "@gpu-dev/shared/durations.ts";
import type { PodView } from "../../cluster/port.ts";
import { findImage, findType } from "../../domain/catalogue.ts";
import type { Attempt, Disk, Reservation } from "../../domain/reservation.ts";
import { findAttachedDisk } from "../../store/disks.ts";
import { listAttempts } from "../../store/attempts.ts";
import { listReadyNodes } from "../../store/capacity.ts";
import { countRestarts } from "../../store/events.ts";
import type { ReconcilerContext } from "../context.ts";

/** Restarts are counted over this time. */
export const RESTART_WINDOW_MS = 10 * Minute.ms;

/**
 * What is known about a reservation when its next step is decided. It starts with the row; a
 * decision requests more facts when it needs them, so nothing is read without a use.
 */
export interface Observation {
  readonly row: Reservation;
  readonly catalogue: Catalogue;
  readonly now: Date;
  /** Since when the cluster has been available without an interruption. */
  readonly stableSince: Date;
  /** By rank. Undefined until a decision requests them. */
  readonly members?: readonly Member[];
  /** Read with the members of a start. */
  readonly disk?: Disk | undefined;
  /**
   * Restarts reported within `RESTART_WINDOW_MS`, by rank. Undefined until a decision
   * requests them.
   */
  readonly recentRestarts?: ReadonlyMap<number, number>;
  /** Why the objects of this start could not be created in this pass. */
  readonly creationFailure?: CreationFailure;
  /** The cluster did not respond, so nothing but the row is known. */
  readonly isClusterUnavailable?: boolean;
}

/** The recorded attempt of one member, and the pod of that attempt. */
export interface Member {
  readonly attempt: Attempt;
  /**
   * The pod with the recorded UID. Undefined: a successful read showed no such pod, or its UID is
   * not recorded yet.
   */
  readonly pod: PodView | undefined;
  /** Undefined until a decision requests the nodes. */
  readonly node?: NodeObservation;
  /** Its deletion was requested in this pass. */
  readonly isClosing?: boolean;
}

export type NodeObservation =
  | { readonly status: "ready" | "missing" }
  | { readonly status: "not-ready"; readonly since: Date | undefined };

export interface CreationFailure {
  /**
   * `final`: retrying cannot help. `refused`: the cluster refused for now. `unavailable`: the calls
   * failed.
   */
  readonly kind: "final" | "refused" | "unavailable";
  readonly message: string;
}

export type MoreFacts = "members" | "nodes" | "restarts";

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

/** The disk belongs to rank 0; the other members have scratch space. */
export const mountsDisk = ({ rank }: Attempt): boolean => rank === 0;

/** Whether the pod has stopped or is stopping. */
export function isLeaving({ pod }: Member): boolean {
  return !pod || pod.deleting || pod.phase === "Failed" || pod.phase === "Succeeded";
}

export function typeOf({ catalogue, row }: Observation): GpuType {
  const type = findType(catalogue, row.gpuType);
  if (!type) {
    throw new Error(
      `the catalogue no longer has the type ${row.gpuType} of reservation ${row.id}; put the type back until its reservations have ended`,
    );
  }
  return type;
}

export function imageOf({ catalogue, row }: Observation): CatalogueImage {
  const image = findImage(catalogue, row.spec.image);
  if (!image) {
    throw new Error(
      `the catalogue no longer has the image ${row.spec.image ?? "(default)"} of reservation ${row.id}; put it back until its reservations have ended`,
    );
  }
  return image;
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
