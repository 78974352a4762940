import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { z } from "zod";

const dnsName = z
  .string()
  .max(63)
  .regex(
    /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/,
    "must consist of lower-case letters, digits and dashes",
  );

const taintSchema = z.strictObject({
  key: z.string().min(1),
  value: z.string().optional(),
  effect: z.enum(["NoSchedule", "PreferNoSchedule", "NoExecute"]),
});

const fleetNodeSchema = z
  .strictObject({
    name: dnsName,
    /** The catalogue type, published as the label gpu-dev.io/type. */
    type: z.string().min(1),
    zone: z.string().min(1),
    instanceType: z.string().min(1),
    cpus: z.number().int().positive(),
    memoryGib: z.number().positive(),
    gpus: z.number().int().min(0).max(64),
    /** Extended resource of the GPUs, such as nvidia.com/gpu; null on a node without GPUs. */
    resource: z.string().min(1).nullable(),
    gpuModel: z.string().min(1).nullable(),
    /** The maximum number of pods. */
    pods: z.number().int().positive().default(110),
    /** In addition to the labels that the agent derives. */
    labels: z.record(z.string(), z.string()).default({}),
    /** In addition to <resource>=present:NoSchedule, the taint of every GPU node. */
    taints: z.array(taintSchema).default([]),
  })
  .refine((node) => node.gpus > 0 === (node.resource !== null), {
    message: "a node must have a resource name if and only if it has GPUs",
    path: ["resource"],
  });

const imageSchema = z.strictObject({
  /** Applies to images whose repository (the reference without tag and digest) has this suffix. */
  repositorySuffix: z.string().min(1),
  program: z.enum(["ssh-workspace", "pause"]),
});

export const fleetSchema = z.strictObject({
  nodes: z
    .array(fleetNodeSchema)
    .min(1)
    .refine((nodes) => new Set(nodes.map((node) => node.name)).size === nodes.length, {
      message: "two nodes have the same name",
    }),
  images: z.array(imageSchema).default([
    { repositorySuffix: "/workspace", program: "ssh-workspace" },
    { repositorySuffix: "/ssh-server", program: "ssh-workspace" },
    { repositorySuffix: "pause", program: "pause" },
  ]),
});

/** The fleet as users write it: values with a default are optional. */
export type FleetInput = z.input<typeof fleetSchema>;
export type Fleet = z.output<typeof fleetSchema>;
export type FleetNode = Fleet["nodes"][number];

/** Validates a fleet; throws an Error that lists every problem and names the file. */
export function parseFleet(input: unknown, source: string): Fleet {
  const result = fleetSchema.safeParse(input);
  if (result.success) return result.data;
  throw new Error(
    `The fleet in ${source} is not valid. Correct these problems and restart:\n${z.prettifyError(result.error)}`,
  );
}

/** Reads and validates a fleet file (YAML). */
export function readFleetFile(path: string): Fleet {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    throw new Error(`The fleet file ${path} can't be read. Name one that exists with --fleet.`, {
      cause,
    });
  }
  let input: unknown;
  try {
    input = parse(text);
  } catch (cause) {
    throw new Error(`The fleet file ${path} is not valid YAML.`, { cause });
  }
  return parseFleet(input, path);
}
