import { rows, type Queryable } from "./database.ts";

export interface NodeRow {
  readonly name: string;
  readonly gpuType: string;
  readonly zone: string;
  readonly units: number;
  readonly foreignUnits: number;
  /** Units of our own attempts whose pods were not yet seen gone. */
  readonly heldUnits: number;
  readonly ready: boolean;
  readonly cordoned: boolean;
}

export async function listNodes(db: Queryable): Promise<NodeRow[]> {
  return rows<NodeRow>(
    db,
    `select n.name, n.gpu_type as "gpuType", n.zone, n.units, n.foreign_units as "foreignUnits",
       coalesce(held.units, 0)::integer as "heldUnits", n.ready, n.cordoned
     from capacity_nodes n
     left join (
       select cluster, node, sum(units) as units from attempts where gone_at is null group by cluster, node
     ) held on held.cluster = n.cluster and held.node = n.name
     order by n.gpu_type, n.name`,
  );
}

export async function countQueuedByType(db: Queryable): Promise<Map<string, number>> {
  const counts = await rows<{ gpuType: string; queued: number }>(
    db,
    `select gpu_type as "gpuType", count(*)::integer as queued from reservations
     where state = 'queued' group by gpu_type`,
  );
  return new Map(counts.map((row) => [row.gpuType, row.queued]));
}
