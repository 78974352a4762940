import { addMs, Second } from "@gpu-dev/shared/durations.ts";
import { enqueueResync, type ReconcilerName } from "../store/jobs.ts";
import { listLive, type LiveReservation } from "../store/reservationQueries.ts";
import { listKeysOf } from "../store/sshKeys.ts";
import type { ReconcileResult, ReconcilerContext } from "./context.ts";
import { authorizedKeys } from "./reservation/createObjects.ts";

/**
 * Queues everything that may need work: notifications and watches are only hints, so the resync
 * alone must suffice. A ready reservation whose pods in the watch cache match its rows needs no
 * job, which is true for most of a large fleet.
 */
export async function reconcileResync(context: ReconcilerContext): Promise<ReconcileResult> {
  const { database, catalogue } = context;
  const ids = await listOutOfSync(context);
  const work: { reconciler: ReconcilerName; key: string }[] = [
    { reconciler: "capacity", key: "default" },
    ...catalogue.types.map((type) => ({ reconciler: "plan" as const, key: type.id })),
    ...ids.map((id) => ({ reconciler: "reservation" as const, key: id })),
  ];
  await enqueueResync(database, work);
  return {};
}

async function listOutOfSync({
  database,
  cluster,
  clock,
  catalogue,
}: ReconcilerContext): Promise<string[]> {
  const now = clock.now();
  const queuedSince = addMs(now, -catalogue.planningHorizonSeconds * Second.ms);
  const live = await listLive(database, { now, queuedSince });
  const ready = live.filter((row) => !row.due && row.state === "ready");
  const keys = await listKeysOf(database, [...new Set(ready.map((row) => row.ownerId))]);
  const isInSync = ({ id, ownerId, expiresAt, members }: LiveReservation): boolean => {
    const recorded = members.flatMap(({ podUid, ...rest }) =>
      podUid === undefined ? [] : [{ ...rest, podUid }],
    );
    if (recorded.length === 0 || recorded.length < members.length) return false;
    const secret = { authorizedKeys: authorizedKeys(keys.get(ownerId) ?? []), expiresAt };
    return cluster.matchesDesired(id, { members: recorded, secret });
  };
  const due = live.filter((row) => row.due);
  return [...due, ...ready.filter((row) => !isInSync(row))].map((row) => row.id);
}
