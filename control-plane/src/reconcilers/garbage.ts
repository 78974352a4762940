import { addMs, Minute } from "@gpu-dev/shared/durations.ts";
import type { OwnedObject } from "../cluster/port.ts";
import { findKnownOwners, recordOrphans } from "../store/garbage.ts";
import type { ReconcileResult, ReconcilerContext } from "./context.ts";

/** An orphan is removed only if it still exists this long after it was first recorded. */
const MIN_AGE_MS = Minute.ms;
const MAX_PER_SWEEP = 10;

/**
 * Removes orphans, which are objects of this installation without a row. It waits for a minimum age
 * and removes few at a time, so that an operator can notice a database restored from a backup. It
 * never removes claims, because they hold data.
 */
export async function reconcileGarbage(context: ReconcilerContext): Promise<ReconcileResult> {
  const { cluster, database, clock, log } = context;
  const owned = await cluster.listOwned();
  // The rows are read after the list: an object that was just created already has its row.
  const known = await findKnownOwners(
    database,
    owned.filter((object) => object.kind === "Pod").map((object) => object.name),
    owned.flatMap((object) => object.reservationId ?? []),
  );
  const orphans = owned.filter((object) => !isKnown(object, known));
  const now = clock.now();
  const oldEnough = addMs(now, -MIN_AGE_MS);
  const due = new Set(await recordOrphans(database, orphans, { now, oldEnough }));
  const removable = orphans.filter((object) => due.has(object.uid));
  for (const object of removable.slice(0, MAX_PER_SWEEP)) {
    log.warn({ kind: object.kind, name: object.name }, "orphan removed");
    await cluster.deleteOwned(object);
  }
  return orphans.length > 0 ? { requeueAt: addMs(now, MIN_AGE_MS) } : {};
}

function isKnown(
  object: OwnedObject,
  known: { pods: Set<string>; reservations: Set<string> },
): boolean {
  if (object.kind === "Pod") return known.pods.has(object.name);
  return object.reservationId !== undefined && known.reservations.has(object.reservationId);
}
