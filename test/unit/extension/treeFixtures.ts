import type { DiskId, ReservationId, UserId } from "@gpu-dev/shared/ids.ts";
import type { Availability, Disk, Reservation } from "@gpu-dev/client/http/responses.ts";
import { UNSET_FIELDS } from "../../support/reservationFixture.ts";
import type { LiveState } from "../../../extension/src/live/stateKeeper.ts";
import type { TreeNode } from "../../../extension/src/tree/treeNode.ts";

/** Noon, local time, so that a few hours either way are the same day everywhere. */
export const NOW = new Date(2026, 10, 24, 12, 0, 0);

export const minutesFrom = (minutes: number): Date => new Date(NOW.getTime() + minutes * 60_000);
export const iso = (minutes: number): string => minutesFrom(minutes).toISOString();

/** The hosts of a window before they are written. */
export const NO_HOSTS = { prefix: () => "gpu-dev" };

export function aReservation(
  more: Partial<Omit<Reservation, "id" | "spec">> & {
    id?: string;
    spec?: Partial<Reservation["spec"]>;
  } = {},
): Reservation {
  const { spec, id, ...rest } = more;
  return {
    ...UNSET_FIELDS,
    name: "demo",
    owner: { id: "0000000000000001" as UserId, name: "ada" },
    state: "ready",
    createdAt: iso(-60),
    generation: 1,
    ...rest,
    id: (id ?? "000000000000000a") as ReservationId,
    spec: {
      gpuType: "h100",
      gpus: 2,
      durationSeconds: 14_400,
      disk: undefined,
      image: undefined,
      labels: {},
      ...spec,
    },
  };
}

export const aMember = (
  node: string,
  gpus: number,
  restarts = 0,
): Reservation["members"][number] => ({
  rank: 0,
  attempt: 1,
  node,
  podName: "demo-1-0",
  gpus,
  restarts,
});

export function aType(
  more: Partial<Availability["types"][number]> = {},
): Availability["types"][number] {
  return {
    type: "h100",
    title: "NVIDIA H100 80 GB",
    totalGpus: 16,
    healthyGpus: 16,
    freeGpus: 14,
    queued: 0,
    sizes: [
      { gpus: 1, units: 1, starts: "now", ahead: 0, why: undefined },
      { gpus: 8, units: 8, starts: "now", ahead: 0, why: undefined },
    ],
    nodes: [
      { name: "h100-0", zone: "us-east-2a", state: "ready", gpus: 8, free: 6 },
      { name: "h100-1", zone: "us-east-2a", state: "ready", gpus: 8, free: 8 },
    ],
    ...more,
  };
}

export function aDisk(more: Partial<Omit<Disk, "id">> & { id?: string } = {}): Disk {
  const { id, ...rest } = more;
  return {
    name: "work",
    sizeGib: 100,
    zone: "us-east-2a",
    heldBy: undefined,
    createdAt: iso(-600),
    lastUsedAt: undefined,
    ...rest,
    id: (id ?? "00000000000000d1") as DiskId,
  };
}

export function aState(more: Partial<LiveState> = {}): LiveState {
  return {
    contact: { kind: "live" },
    asOf: NOW,
    reservations: [],
    availability: { asOf: undefined, types: [] },
    disks: [],
    catalogue: undefined,
    ...more,
  };
}

export const everyNode = (nodes: readonly TreeNode[]): TreeNode[] =>
  nodes.flatMap((node) => [node, ...everyNode(node.children)]);

/** "label | description" of each row, indented, as the side bar shows it when expanded. */
export const drawn = (nodes: readonly TreeNode[], depth = 0): string[] =>
  nodes.flatMap(({ label, description, children }) => [
    `${"  ".repeat(depth)}${label} | ${description}`,
    ...drawn(children, depth + 1),
  ]);
