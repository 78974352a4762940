import * as z from "zod";

/**
 * The content of `infra/catalogue.yaml`. The server sends it to clients, which build every menu and
 * message from it.
 */
export const gpuTypeId = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,23}$/, "a type is named like h100, a10g or cpu-x86");

const counts = z.array(z.int().min(0).max(64)).min(1);

export const gpuType = z
  .object({
    id: gpuTypeId,
    title: z.string().min(1).meta({ description: 'For users: "NVIDIA H100 80 GB"' }),
    kind: z.enum(["gpu", "cpu"]),
    resource: z
      .string()
      .nullable()
      .meta({ description: "The Kubernetes extended resource of one GPU; null for CPU types" }),
    gpuModel: z.string().nullable().meta({ description: "As nvidia-smi names it" }),
    gpuMemoryGib: z.int().min(0),
    node: z.object({
      instanceType: z.string(),
      gpus: z.int().min(0).max(16),
      cpus: z.number().positive(),
      memoryGib: z.number().positive(),
    }),
    counts: counts.meta({ description: "GPUs that one reservation may request; 0 for CPU types" }),
    slotsPerNode: z
      .int()
      .min(0)
      .meta({ description: "CPU types: reservations that share one node; 0 for GPU types" }),
    limits: z.object({
      minSeconds: z.int().positive(),
      maxSeconds: z.int().positive().meta({ description: "In total, with all extensions" }),
    }),
    startBudgetSeconds: z.int().positive(),
    teardownBudgetSeconds: z.int().positive(),
    dev: z
      .object({ nodes: z.int().min(0), zone: z.string() })
      .meta({ description: "The nodes of this type in the simulated fleet of the dev cluster" }),
  })
  .meta({ id: "GpuType" });
export type GpuType = z.infer<typeof gpuType>;

export const catalogueImage = z
  .object({
    id: z.string(),
    title: z.string(),
    reference: z.string(),
    default: z.boolean(),
    entrypoint: z.array(z.string().min(1).max(4_096)).min(1).max(64).optional().meta({
      description:
        "A program of the image, with its arguments, that is started next to the SSH server",
    }),
  })
  .meta({ id: "CatalogueImage" });
export type CatalogueImage = z.infer<typeof catalogueImage>;

export const catalogue = z
  .object({
    types: z.array(gpuType).min(1),
    images: z.array(catalogueImage).min(1),
    disks: z.object({ defaultSizeGib: z.int().positive(), maxSizeGib: z.int().positive() }),
    planningHorizonSeconds: z.int().positive().meta({
      description:
        "A reservation that could not start within this time in the queue fails (horizon)",
    }),
    maxLivePerUser: z.int().positive(),
  })
  .meta({ id: "Catalogue" });
export type Catalogue = z.infer<typeof catalogue>;
