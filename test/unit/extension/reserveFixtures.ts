import type { DiskId, ReservationId } from "@gpu-dev/shared/ids.ts";
import type { Availability, Catalogue, Disk, GpuType } from "@gpu-dev/client/http/responses.ts";

export const NOW = new Date("2026-11-23T12:00:00.000Z");

function gpuType(id: string, counts: number[], gpus: number, gpuMemoryGib = 0): GpuType {
  const isCpu = gpus === 0;
  return {
    id,
    title: isCpu ? "CPU only" : `NVIDIA ${id.toUpperCase()}`,
    kind: isCpu ? "cpu" : "gpu",
    resource: isCpu ? undefined : "nvidia.com/gpu",
    gpuModel: undefined,
    gpuMemoryGib,
    node: { instanceType: "x", gpus, cpus: 8, memoryGib: 8 },
    counts,
    slotsPerNode: isCpu ? 4 : 0,
    limits: { minSeconds: 300, maxSeconds: 172_800 },
    startBudgetSeconds: 600,
    teardownBudgetSeconds: 300,
    dev: { nodes: 1, zone: "a" },
  };
}

export const H200 = gpuType("h200", [1, 2, 4, 8, 16], 8, 141);
export const H100 = gpuType("h100", [1, 2, 4, 8], 8, 80);
export const T4 = {
  ...gpuType("t4", [1, 2, 4], 4, 16),
  limits: { minSeconds: 300, maxSeconds: 7_200 },
};
export const CPU = gpuType("cpu-x86", [0], 0);

const image = (id: string, isDefault: boolean) => ({
  id,
  title: `Image ${id}`,
  reference: `example/${id}`,
  default: isDefault,
});

export const CATALOGUE: Catalogue = {
  types: [H200, H100, T4, CPU],
  images: [image("pytorch", true)],
  disks: { defaultSizeGib: 100, maxSizeGib: 4096 },
  planningHorizonSeconds: 1_209_600,
  maxLivePerUser: 50,
};
export const TWO_IMAGES: Catalogue = {
  ...CATALOGUE,
  images: [image("pytorch", true), image("jax", false)],
};

type Counts = Availability["types"][number];

/** The planner's reason for requests of some sizes; undefined: such a request starts now. */
type Why = (gpus: number) => string | undefined;

/** A type with its nodes as [free, zone, state], and with the planner's quotes. */
export function counts(
  type: GpuType,
  nodes: readonly (readonly [number, string, Counts["nodes"][number]["state"]])[],
  { queued = 0, why = () => undefined }: { readonly queued?: number; readonly why?: Why } = {},
): Counts {
  const size = type.kind === "cpu" ? type.slotsPerNode : type.node.gpus;
  const ready = nodes.filter(([, , state]) => state === "ready");
  return {
    type: type.id,
    title: type.title,
    totalGpus: nodes.length * size,
    healthyGpus: ready.length * size,
    freeGpus: ready.reduce((sum, [free]) => sum + free, 0),
    queued,
    sizes: type.counts.map((gpus) => ({
      gpus,
      units: Math.max(1, gpus),
      starts: why(gpus) === undefined ? "now" : "queued",
      ahead: why(gpus) === undefined ? 0 : queued,
      why: why(gpus),
    })),
    nodes: nodes.map(([free, zone, state], at) => ({
      name: `${type.id}-${String(at)}`,
      zone,
      state,
      gpus: size,
      free,
    })),
  };
}

export const NONE_FREE = "Needs 1 H200 on one node. None is free.";
export const BEHIND_FOUR = "4 requests are ahead of yours.";

/** H100 starts now up to 2 GPUs, H200 is full, T4 is free but has a queue, CPU starts now. */
export const AVAILABILITY: Availability = {
  asOf: NOW.toISOString(),
  types: [
    counts(H200, [[0, "a", "ready"]], { why: () => NONE_FREE }),
    counts(
      H100,
      [
        [3, "a", "ready"],
        [2, "b", "ready"],
        [8, "b", "cordoned"],
      ],
      { why: (gpus) => (gpus > 3 ? `Needs ${String(gpus)} H100 on one node.` : undefined) },
    ),
    counts(T4, [[4, "a", "ready"]], { queued: 4, why: () => BEHIND_FOUR }),
    counts(CPU, [[2, "a", "ready"]]),
  ],
};

export function disk(name: string, more: Partial<Disk> = {}): Disk {
  return {
    id: "0000000000000001" as DiskId,
    name,
    sizeGib: 100,
    zone: undefined,
    heldBy: undefined,
    createdAt: NOW.toISOString(),
    lastUsedAt: undefined,
    ...more,
  };
}

export const DISKS: readonly Disk[] = [
  disk("work", { zone: "a" }),
  disk("data", {
    heldBy: {
      reservationId: "0000000000000002" as ReservationId,
      name: "demo",
      until: "2026-11-23T15:20:00.000Z",
    },
  }),
];
