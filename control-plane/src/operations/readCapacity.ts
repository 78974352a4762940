import type { Availability } from "@gpu-dev/shared/api/resources.ts";
import type { Catalogue, GpuType } from "@gpu-dev/shared/api/catalogue.ts";
import { Second } from "@gpu-dev/shared/durations.ts";
import { countQueuedByType, listNodes, type NodeRow } from "../store/availability.ts";
import type { Queryable } from "../store/database.ts";
import { listDisks, type DiskWithHolder } from "../store/disks.ts";
import { countLiveByState, pingDatabase, readClusterContact } from "../store/status.ts";
import type { Principal } from "../domain/principal.ts";

export type { DiskWithHolder };
export { pingDatabase };

/** Resyncs come every 30 s: a cluster not seen for two of them is stale. */
const STALE_MS = 60 * Second.ms;

const isUsable = (node: NodeRow): boolean => node.ready && !node.cordoned;
const freeOn = (node: NodeRow): number =>
  isUsable(node) ? Math.max(0, node.units - node.foreignUnits - node.heldUnits) : 0;
const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

export async function readAvailability(db: Queryable, catalogue: Catalogue): Promise<Availability> {
  const [nodes, queued, seenAt] = await Promise.all([
    listNodes(db),
    countQueuedByType(db),
    readClusterContact(db),
  ]);
  return {
    asOf: seenAt?.toISOString() ?? null,
    types: catalogue.types.map((type) =>
      describeType(
        type,
        nodes.filter((node) => node.gpuType === type.id),
        queued.get(type.id) ?? 0,
      ),
    ),
  };
}

function describeType(
  type: GpuType,
  nodes: readonly NodeRow[],
  queued: number,
): Availability["types"][number] {
  return {
    type: type.id,
    title: type.title,
    totalGpus: sum(nodes.map(({ units }) => units)),
    healthyGpus: sum(nodes.filter(isUsable).map(({ units }) => units)),
    freeGpus: sum(nodes.map(freeOn)),
    queued,
    fitsNow: type.counts.map((gpus) => ({
      gpus,
      // A reservation of a CPU type takes one slot.
      reservations: sum(nodes.map((node) => Math.floor(freeOn(node) / Math.max(1, gpus)))),
    })),
    nodes: nodes.map((node) => ({
      name: node.name,
      zone: node.zone,
      state: node.ready ? (node.cordoned ? "cordoned" : "ready") : "not-ready",
      gpus: node.units,
      free: freeOn(node),
    })),
  };
}

export async function readDisks(db: Queryable, principal: Principal): Promise<DiskWithHolder[]> {
  return listDisks(db, principal.userId);
}

export interface StatusView {
  readonly cluster: { readonly state: "up" | "stale" | "unknown"; readonly asOf: Date | null };
  readonly reservations: Readonly<Record<"queued" | "starting" | "ready" | "stopping", number>>;
}

export async function readStatus(db: Queryable, now: Date): Promise<StatusView> {
  const [counts, seenAt] = await Promise.all([countLiveByState(db), readClusterContact(db)]);
  const count = (state: keyof StatusView["reservations"]): number => counts.get(state) ?? 0;
  const age = seenAt && now.getTime() - seenAt.getTime();
  return {
    cluster: {
      state: age === undefined ? "unknown" : age <= STALE_MS ? "up" : "stale",
      asOf: seenAt ?? null,
    },
    reservations: {
      queued: count("queued"),
      starting: count("starting"),
      ready: count("ready"),
      stopping: count("stopping"),
    },
  };
}
