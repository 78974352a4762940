import { readFile, writeFile } from "node:fs/promises";
import { parse, stringify } from "yaml";

/** The fields of a catalogue entry that a fleet needs. The control plane validates all fields. */
interface CatalogueType {
  readonly id: string;
  readonly resource: string | null;
  readonly gpuModel: string | null;
  readonly node: { instanceType: string; gpus: number; cpus: number; memoryGib: number };
  readonly dev?: { nodes: number; zone: string };
}

/** Writes the fleet file of dev-cluster from the `dev` fields of the catalogue. */
export async function writeFleet(catalogueFile: string, fleetFile: string): Promise<void> {
  const text = await readFile(catalogueFile, "utf8");
  const { types } = parse(text, { merge: true }) as { types: CatalogueType[] };
  await writeFile(fleetFile, stringify({ nodes: types.flatMap(nodesOf) }), { mode: 0o600 });
}

function nodesOf({ id, node, resource, gpuModel, dev }: CatalogueType) {
  return Array.from({ length: dev?.nodes ?? 0 }, (_, index) => ({
    name: `${id}-${String(index + 1)}`,
    type: id,
    zone: dev?.zone,
    ...node,
    resource,
    gpuModel,
  }));
}
