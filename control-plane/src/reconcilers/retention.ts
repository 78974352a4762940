import { removeExpired } from "../store/retention.ts";
import type { ReconcileResult, ReconcilerContext } from "./context.ts";

/** Removes rows that nobody needs any more. */
export async function reconcileRetention({
  database,
  clock,
}: ReconcilerContext): Promise<ReconcileResult> {
  await removeExpired(database, clock.now());
  return {};
}
