import { removeExpired } from "../store/retention.ts";
import type { ReconcileResult, ReconcilerContext } from "./context.ts";

/** Removes expired rows. */
export async function reconcileRetention({
  database,
  clock,
}: ReconcilerContext): Promise<ReconcileResult> {
  await removeExpired(database, clock.now());
  return {};
}
