import { Second } from "@gpu-dev/shared/durations.ts";
import { listLive, type LiveRow } from "../store/liveReservations.ts";
import { queueLooks } from "../store/jobBatches.ts";
import { listKeysOf } from "../store/sshKeys.ts";
import type { ReconcilerName } from "../store/jobs.ts";
import { after, type ReconcileResult, type ReconcilerContext } from "./context.ts";
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

async function listUnsteady({
  database,
  cluster,
  clock,
  catalogue,
}: ReconcilerContext): Promise<string[]> {
  const now = clock.now();
  const queuedSince = after(now, -catalogue.planningHorizonSeconds * Second.ms);
  const live = await listLive(database, { now, queuedSince });
  const inUse = live.filter((row) => !row.due && row.state === "ready");
  const keys = await listKeysOf(database, [...new Set(inUse.map((row) => row.ownerId))]);
  const isSteady = (row: LiveRow) => {
    const { id, ownerId, podName, podUid, expiresAt, ...rest } = row;
    if (podName === null || podUid === null) return false;
    const secret = { authorizedKeys: authorizedKeys(keys.get(ownerId) ?? []), expiresAt };
    return cluster.isAsExpected(id, { ...rest, podName, podUid, secret });
  };
  const due = live.filter((row) => row.due);
  return [...due, ...inUse.filter((row) => !isSteady(row))].map((row) => row.id);
}
