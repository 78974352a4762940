import { firstRow, rows, type Queryable } from "./database.ts";

/** One node as the capacity reconciler saw it. */
export interface CapacityNode {
  readonly name: string;
  readonly uid: string;
  readonly gpuType: string;
  readonly zone: string;
  readonly units: number;
  readonly foreignUnits: number;
  readonly unhealthyUnits: number;
  readonly ready: boolean;
  readonly cordoned: boolean;
  readonly resourceVersion: string;
}

/**
 * Writes what a list that began at `observedAt` showed, unless a later list was there first.
 * @returns the types whose capacity changed by it
 */
export async function upsertNodes(
  db: Queryable,
  nodes: readonly CapacityNode[],
  observedAt: Date,
): Promise<string[]> {
  const changed = await rows<{ gpuType: string }>(
    db,
    `with seen as (
       select * from jsonb_to_recordset(cast(:nodes as jsonb)) as n(name text, uid text, "gpuType" text, zone text,
         units integer, "foreignUnits" integer, "unhealthyUnits" integer, ready boolean, cordoned boolean, "resourceVersion" text)),
     before as (select * from capacity_nodes where cluster = 'default'),
     written as (
       insert into capacity_nodes as c (name, uid, gpu_type, zone, units, foreign_units, unhealthy_units, ready,
         cordoned, resource_version, observed_at)
       select name, uid, "gpuType", zone, units, "foreignUnits", "unhealthyUnits", ready, cordoned,
         "resourceVersion", :observedAt
       from seen
       on conflict (cluster, name) do update set uid = excluded.uid, gpu_type = excluded.gpu_type,
         zone = excluded.zone, units = excluded.units, foreign_units = excluded.foreign_units,
         unhealthy_units = excluded.unhealthy_units, ready = excluded.ready, cordoned = excluded.cordoned, resource_version = excluded.resource_version,
         observed_at = excluded.observed_at
       where c.observed_at <= excluded.observed_at
       returning name, gpu_type, zone, units, foreign_units, unhealthy_units, ready, cordoned)
     select w.gpu_type as "gpuType" from written w left join before b on b.name = w.name
     where (w.gpu_type, w.zone, w.units, w.foreign_units, w.unhealthy_units, w.ready, w.cordoned)
       is distinct from (b.gpu_type, b.zone, b.units, b.foreign_units, b.unhealthy_units, b.ready, b.cordoned)
     group by w.gpu_type`,
    { nodes: JSON.stringify(nodes), observedAt },
  );
  return changed.map((row) => row.gpuType);
}

/** Whether a later look at the cluster is in the rows already: what was gone by then must not come back. */
export async function wasSurveyedAfter(db: Queryable, at: Date): Promise<boolean> {
  const row = await firstRow<{ later: boolean | null }>(
    db,
    "select max(observed_at) > :at as later from capacity_nodes where cluster = 'default'",
    { at },
  );
  return row?.later === true;
}

/** Removes the nodes that a successful list no longer showed. @returns their types */
export async function removeNodesExcept(
  db: Queryable,
  names: readonly string[],
  observedAt: Date,
): Promise<string[]> {
  const gone = await rows<{ gpuType: string }>(
    db,
    `delete from capacity_nodes
     where cluster = 'default' and observed_at < :observedAt
       and name not in (select jsonb_array_elements_text(cast(:names as jsonb)))
     returning gpu_type as "gpuType"`,
    { names: JSON.stringify(names), observedAt },
  );
  return [...new Set(gone.map((row) => row.gpuType))];
}

/** Those of these nodes that the last list showed ready. */
export async function listReadyNodes(
  db: Queryable,
  names: readonly string[],
): Promise<ReadonlySet<string>> {
  const ready = await rows<{ name: string }>(
    db,
    `select name from capacity_nodes
     where cluster = 'default' and ready and name = any(:names)`,
    { names: [...names] },
  );
  return new Set(ready.map((row) => row.name));
}
