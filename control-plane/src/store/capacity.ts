import { CLUSTER, firstRow, rows, type Queryable } from "./database.ts";

/** A node as the capacity reconciler observed it. */
export interface CapacityNode {
  readonly name: string;
  readonly uid: string;
  readonly gpuType: string;
  readonly zone: string;
  readonly units: number;
  readonly unitsUsedByOthers: number;
  readonly unhealthyUnits: number;
  readonly ready: boolean;
  readonly cordoned: boolean;
  readonly resourceVersion: string;
}

/**
 * Writes the nodes of a list that began at `observedAt`; rows of a later list are left unchanged.
 * @returns the types whose capacity changed
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
         units integer, "unitsUsedByOthers" integer, "unhealthyUnits" integer, ready boolean, cordoned boolean,
         "resourceVersion" text)),
     before as (select * from capacity_nodes where cluster = :cluster),
     written as (
       insert into capacity_nodes as c (cluster, name, uid, gpu_type, zone, units, foreign_units, unhealthy_units, ready,
         cordoned, resource_version, observed_at)
       select :cluster, name, uid, "gpuType", zone, units, "unitsUsedByOthers", "unhealthyUnits", ready, cordoned,
         "resourceVersion", :observedAt
       from seen
       on conflict (cluster, name) do update set uid = excluded.uid, gpu_type = excluded.gpu_type,
         zone = excluded.zone, units = excluded.units, foreign_units = excluded.foreign_units,
         unhealthy_units = excluded.unhealthy_units, ready = excluded.ready,
         cordoned = excluded.cordoned, resource_version = excluded.resource_version,
         observed_at = excluded.observed_at
       where c.observed_at <= excluded.observed_at
       returning name, gpu_type, zone, units, foreign_units, unhealthy_units, ready, cordoned)
     select w.gpu_type as "gpuType" from written w left join before b on b.name = w.name
     where (w.gpu_type, w.zone, w.units, w.foreign_units, w.unhealthy_units, w.ready, w.cordoned)
       is distinct from (b.gpu_type, b.zone, b.units, b.foreign_units, b.unhealthy_units, b.ready, b.cordoned)
     group by w.gpu_type`,
    { nodes: JSON.stringify(nodes), observedAt, cluster: CLUSTER },
  );
  return changed.map((row) => row.gpuType);
}

/**
 * Whether the rows are from a later list: a node that no longer exists must not be written again.
 */
export async function wasSurveyedAfter(db: Queryable, at: Date): Promise<boolean> {
  const row = await firstRow<{ later: boolean | undefined }>(
    db,
    "select max(observed_at) > :at as later from capacity_nodes where cluster = :cluster",
    { at, cluster: CLUSTER },
  );
  return row?.later === true;
}

/** Removes the nodes that a successful list no longer shows. @returns their types */
export async function removeNodesExcept(
  db: Queryable,
  names: readonly string[],
  observedAt: Date,
): Promise<string[]> {
  const removed = await rows<{ gpuType: string }>(
    db,
    `delete from capacity_nodes
     where cluster = :cluster and observed_at < :observedAt
       and name not in (select jsonb_array_elements_text(cast(:names as jsonb)))
     returning gpu_type as "gpuType"`,
    { names: JSON.stringify(names), observedAt, cluster: CLUSTER },
  );
  return [...new Set(removed.map((row) => row.gpuType))];
}

/** The nodes among `names` that the last list showed as ready. */
export async function listReadyNodes(
  db: Queryable,
  names: readonly string[],
): Promise<ReadonlySet<string>> {
  const ready = await rows<{ name: string }>(
    db,
    `select name from capacity_nodes
     where cluster = :cluster and ready and name = any(:names)`,
    { names: [...names], cluster: CLUSTER },
  );
  return new Set(ready.map((row) => row.name));
}

/** Records that the cluster responded at `at`. The stored time never decreases. */
export async function recordContact(db: Queryable, at: Date): Promise<void> {
  await rows(
    db,
    `insert into cluster_contact (cluster, seen_at) values (:cluster, :at)
     on conflict (cluster) do update set seen_at = greatest(cluster_contact.seen_at, excluded.seen_at)`,
    { at, cluster: CLUSTER },
  );
}

/** When the cluster last responded; undefined when it never did. */
export async function readClusterContact(db: Queryable): Promise<Date | undefined> {
  const row = await firstRow<{ seenAt: Date }>(
    db,
    `select seen_at as "seenAt" from cluster_contact where cluster = :cluster`,
    { cluster: CLUSTER },
  );
  return row?.seenAt;
}
