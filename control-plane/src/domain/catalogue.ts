import {
  catalogue as catalogueSchema,
  type Catalogue,
  type CatalogueImage,
  type GpuType,
} from "@gpu-dev/shared/api/catalogue.ts";

/** Thrown with every problem listed, so that all can be corrected in one edit. */
export class CatalogueInvalid extends Error {
  override readonly name = "CatalogueInvalid";
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`the catalogue is not valid: ${problems.join("; ")}`);
    this.problems = problems;
  }
}

/** Checks a decoded catalogue. Keys that begin with `x-` are private to the file and ignored. */
export function parseCatalogue(document: unknown): Catalogue {
  const parsed = catalogueSchema.safeParse(document);
  if (!parsed.success) {
    throw new CatalogueInvalid(
      parsed.error.issues.map((issue) => `${issue.path.map(String).join(".")}: ${issue.message}`),
    );
  }
  const problems = [
    ...duplicates("type", parsed.data.types),
    ...duplicates("image", parsed.data.images),
    ...parsed.data.types.flatMap(problemsOfType),
  ];
  const defaults = parsed.data.images.filter((image) => image.default).length;
  if (defaults !== 1)
    problems.push(`exactly one image must be the default, but ${String(defaults)} are`);
  if (problems.length > 0) throw new CatalogueInvalid(problems);
  return parsed.data;
}

export function findType(catalogue: Catalogue, id: string): GpuType | undefined {
  return catalogue.types.find((type) => type.id === id);
}

/** The catalogue image with this id, or the default image for null. */
export function findImage(catalogue: Catalogue, id: string | null): CatalogueImage | undefined {
  return catalogue.images.find((image) => (id === null ? image.default : image.id === id));
}

/** The units of one node of the type: GPUs, or slots of a CPU type. */
export function unitsPerNode(type: GpuType): number {
  return type.kind === "gpu" ? type.node.gpus : type.slotsPerNode;
}

/** Units that a member holds on its node: its GPUs, or one slot. */
export function unitsOf(type: GpuType, gpus: number, nodeCount: number): number {
  return type.kind === "gpu" ? gpus / nodeCount : 1;
}

/** The rest is left to the node's daemons, so that pods for all units of a node fit on it. */
const SHARE_OF_NODE = 0.9;

/** Processors and memory for the requested units, in proportion to the node. */
export function shareOfNode(type: GpuType, units: number): { cpus: number; memoryGib: number } {
  const share = (units / Math.max(1, unitsPerNode(type))) * SHARE_OF_NODE;
  return {
    cpus: Math.max(1, Math.floor(type.node.cpus * share)),
    memoryGib: Math.max(1, Math.floor(type.node.memoryGib * share)),
  };
}

function duplicates(noun: string, items: readonly { id: string }[]): string[] {
  const ids = items.map((item) => item.id);
  return ids
    .filter((id, index) => ids.indexOf(id) !== index)
    .map((id) => `the ${noun} "${id}" is listed twice; remove one`);
}

function problemsOfType(type: GpuType): string[] {
  const problems: string[] = [];
  if (type.kind === "gpu") {
    if (type.resource === null)
      problems.push(
        `${type.id}: resource is missing: a GPU type needs the name of its extended resource`,
      );
    const impossible = type.counts.filter((count) => count < 1 || count > type.node.gpus);
    for (const count of impossible) {
      problems.push(
        `${type.id}: ${String(count)} GPUs do not fit on a node of this type, which has ${String(type.node.gpus)}`,
      );
    }
  } else {
    if (type.counts.some((count) => count !== 0))
      problems.push(`${type.id}: counts must be [0] for a CPU type`);
    if (type.slotsPerNode < 1)
      problems.push(`${type.id}: slotsPerNode must be at least 1 for a CPU type`);
  }
  if (type.limits.minSeconds > type.limits.maxSeconds) {
    problems.push(`${type.id}: limits.minSeconds is greater than limits.maxSeconds`);
  }
  return problems;
}
