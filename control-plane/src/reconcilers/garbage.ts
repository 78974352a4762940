import { Minute } from "@gpu-dev/shared/durations.ts";
import type { OwnedObject } from "../cluster/port.ts";
import { explain, recordSightings } from "../store/garbage.ts";
import { after, type ReconcileResult, type ReconcilerContext } from "./context.ts";

const SEEN_TWICE_AFTER_MS = Minute.ms;
const MOST_PER_SWEEP = 10;

/**
 * Removes objects of this installation that no row explains: seen twice, some time apart, and few at a time, so
 * that a database brought back from a backup has time to be noticed. Never a claim: those hold data.
 */
export async function reconcileGarbage(context: ReconcilerContext): Promise<ReconcileResult> {
  const { cluster, database, clock, log } = context;
  const owned = await cluster.listOwned();
  // Rows are read after the list: an object that is made meanwhile has its row already.
  const known = await explain(
    database,
    owned.filter((object) => object.kind === "Pod").map((object) => object.name),
    owned.flatMap((object) => object.reservationId ?? []),
  );
  const unexplained = owned.filter((object) => !isExplained(object, known));
  const now = clock.now();
  const oldEnough = after(now, -SEEN_TWICE_AFTER_MS);
  const due = new Set(await recordSightings(database, unexplained, { now, oldEnough }));
  const removable = unexplained.filter((object) => due.has(object.uid));
  for (const object of removable.slice(0, MOST_PER_SWEEP)) {
    log.warn({ kind: object.kind, name: object.name }, "orphan removed");
    await cluster.deleteOwned(object);
  }
  return unexplained.length > 0 ? { requeueAt: after(now, SEEN_TWICE_AFTER_MS) } : {};
}

function isExplained(
  object: OwnedObject,
  known: { pods: Set<string>; reservations: Set<string> },
): boolean {
  if (object.kind === "Pod") return known.pods.has(object.name);
  return object.reservationId !== null && known.reservations.has(object.reservationId);
}
