import { addMs, Hour, Minute } from "@gpu-dev/shared/durations.ts";
import type { DiskId, ReservationId, UserId } from "@gpu-dev/shared/ids.ts";
import { loadCatalogue } from "../../../control-plane/src/catalogueFile.ts";
import type { PodView } from "../../../control-plane/src/cluster/port.ts";
import {
  podName,
  type Attempt,
  type Disk,
  type Reservation,
} from "../../../control-plane/src/domain/reservation.ts";
import type {
  Member,
  NodeObservation,
  Observation,
} from "../../../control-plane/src/reconcilers/reservation/observation.ts";

const catalogue = await loadCatalogue();
/** Everything was placed at this time; `after` is relative to it. */
export const PLACED_AT = new Date("2026-01-01T12:00:00Z");
const ID = "00reservation000" as ReservationId;
const OWNER = "00owner000000000" as UserId;

const h100 = catalogue.types.find(({ id }) => id === "h100");
if (!h100) throw new Error("the catalogue has no h100");
export const START_BUDGET_MS = h100.startBudgetSeconds * 1_000;
export const TEARDOWN_BUDGET_MS = h100.teardownBudgetSeconds * 1_000;

export const DISK: Disk = {
  id: "00disk0000000000" as DiskId,
  ownerId: OWNER,
  name: "work",
  sizeGib: 100,
  zone: "us-east-2a",
  claimName: "gd-disk-work",
  claimUid: "claim",
  createdAt: PLACED_AT,
  lastUsedAt: undefined,
};

/** The pod of one member; `undefined` where no pod is seen. */
export type PodFacts = Partial<PodView> | undefined;

export interface Facts {
  readonly row?: Partial<Reservation>;
  /** One entry per member, by rank. Without it, members were not read yet. */
  readonly pods?: readonly PodFacts[];
  readonly attempts?: readonly Partial<Attempt>[];
  readonly nodes?: readonly NodeObservation[];
  readonly disk?: Disk;
  /** How long after `PLACED_AT` it is now. */
  readonly after?: number;
  /** For how long the cluster has been available; a day by default. */
  readonly stableForMs?: number;
  readonly more?: Partial<Observation>;
}

export function observation(state: Reservation["state"], facts: Facts = {}): Observation {
  const now = addMs(PLACED_AT, facts.after ?? Minute.ms);
  const row = reservation(state, { nodeCount: facts.pods?.length ?? 1, ...facts.row });
  const members = facts.pods?.map((pod, rank) => member(facts, pod, rank));
  return {
    row,
    catalogue,
    now,
    stableSince: addMs(now, -(facts.stableForMs ?? 24 * Hour.ms)),
    disk: facts.disk,
    ...(members ? { members } : {}),
    ...facts.more,
  };
}

function member(facts: Facts, pod: PodFacts, rank: number): Member {
  const name = podName(ID, rank, 1);
  const node = facts.nodes?.[rank];
  return {
    attempt: {
      reservationId: ID,
      rank,
      attempt: 1,
      node: `h100-${String(rank + 1)}`,
      units: 8,
      podName: name,
      podUid: `uid-${String(rank)}`,
      restarts: 0,
      workspacePath: undefined,
      podIp: "10.0.0.1",
      pullFailingSince: undefined,
      createdAt: PLACED_AT,
      goneAt: undefined,
      ...facts.attempts?.[rank],
    },
    pod: pod && { ...podView(name, rank), ...pod },
    ...(node ? { node } : {}),
  };
}

/** A running, ready pod. */
function podView(name: string, rank: number): PodView {
  return {
    name,
    namespace: "gpu-dev",
    uid: `uid-${String(rank)}`,
    installation: "here",
    reservationId: ID,
    node: `h100-${String(rank + 1)}`,
    phase: "Running",
    reason: undefined,
    message: undefined,
    ready: true,
    deleting: false,
    podIp: "10.0.0.1",
    workspacePath: undefined,
    restarts: 0,
    lastTermination: undefined,
    waiting: undefined,
    unschedulable: undefined,
    gpus: 8,
    createdAt: PLACED_AT,
  };
}

/** Pods by what they show. */
export const POD = {
  ready: {},
  booting: { ready: false },
  unbound: { ready: false, phase: "Pending", node: undefined },
  unschedulable: { ready: false, phase: "Pending", node: undefined, unschedulable: "0/2 nodes" },
  pulling: {
    ready: false,
    phase: "Pending",
    waiting: { reason: "ContainerCreating", message: "", image: undefined },
  },
  pullFailing: {
    ready: false,
    phase: "Pending",
    waiting: { reason: "ErrImagePull", message: "no such tag", image: "registry/x" },
  },
  deleting: { deleting: true },
  evicted: { ready: false, phase: "Failed", reason: "Evicted" },
  crashing: {
    ready: false,
    restarts: 5,
    lastTermination: { reason: "Error", exitCode: 1, finishedAt: undefined },
  },
} as const satisfies Record<string, Partial<PodView>>;

function reservation(state: Reservation["state"], changes: Partial<Reservation>): Reservation {
  const isPlaced = state === "starting" || state === "ready";
  const readyAt = state === "ready" ? PLACED_AT : undefined;
  return {
    id: ID,
    cluster: "default",
    ownerId: OWNER,
    name: "demo",
    spec: {
      gpuType: "h100",
      gpus: 8,
      durationSeconds: 3_600,
      disk: null,
      image: null,
      labels: {},
    },
    gpuType: "h100",
    gpus: 8,
    nodeCount: 1,
    durationSeconds: 3_600,
    state,
    phase: state === "starting" ? "placing" : state === "stopping" ? "closing" : undefined,
    phaseDetail: state === "starting" ? "Waiting for the scheduler." : undefined,
    waitingReason: undefined,
    waitingPosition: undefined,
    generation: 3,
    attempt: 1,
    hostPublicKey: "ssh-ed25519 AAAA",
    createdAt: PLACED_AT,
    stateSince: PLACED_AT,
    phaseSince: PLACED_AT,
    queuedAt: PLACED_AT,
    placedAt: isPlaced ? PLACED_AT : undefined,
    readyAt,
    capacityUntil: isPlaced ? addMs(PLACED_AT, 2 * Hour.ms) : undefined,
    expiresAt: readyAt && addMs(readyAt, Hour.ms),
    cancelRequestedAt: undefined,
    endedAt: undefined,
    endReason: state === "stopping" ? "cancelled" : undefined,
    endDetail: undefined,
    warnedMinutes: undefined,
    extendedSeconds: 0,
    ...changes,
  };
}
