import { listLive, type LiveRow } from "../store/liveReservations.ts";
import { queueLooks } from "../store/jobBatches.ts";
import { listKeysOf } from "../store/sshKeys.ts";
import type { ReconcilerName } from "../store/jobs.ts";
import type { ReconcileResult, ReconcilerContext } from "./context.ts";
import { authorizedKeys } from "./reservation/ensureObjects.ts";

/**
 * Looks at everything again: notifications and watches only hint, and this alone must be enough. What is in use, and is
 * just as the watches show it, needs no job of its own: a large fleet is mostly that.
 */
export async function reconcileResync(context: ReconcilerContext): Promise<ReconcileResult> {
  const { database, catalogue } = context;
  const ids = await listUnsteady(context);
  const work: { reconciler: ReconcilerName; key: string }[] = [
    { reconciler: "capacity", key: "default" },
    ...catalogue.types.map((type) => ({ reconciler: "plan" as const, key: type.id })),
    ...ids.map((id) => ({ reconciler: "reservation" as const, key: id })),
  ];
  await queueLooks(database, work);
  return {};
}

async function listUnsteady({ database, cluster, clock }: ReconcilerContext): Promise<string[]> {
  const live = await listLive(database, clock.now());
  const owners = new Set(live.filter((row) => !row.due).map((row) => row.ownerId));
  const keys = await listKeysOf(database, [...owners]);
  const isSteady = (row: LiveRow) => {
    const { id, ownerId, due, podName, podUid, ...rest } = row;
    if (due || podName === null || podUid === null) return false;
    const secret = {
      authorizedKeys: authorizedKeys(keys.get(ownerId) ?? []),
      expiresAt: row.expiresAt,
    };
    return cluster.isAsExpected(id, { ...rest, podName, podUid, secret });
  };
  return live.filter((row) => !isSteady(row)).map((row) => row.id);
}
