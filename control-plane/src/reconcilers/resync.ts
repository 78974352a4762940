import { listLiveIds, queueAllNow } from "../store/jobBatches.ts";
import type { ReconcilerName } from "../store/jobs.ts";
import type { ReconcileResult, ReconcilerContext } from "./context.ts";

/** Looks at everything again: notifications and watches only hint, and this alone must be enough. */
export async function reconcileResync({
  database,
  catalogue,
}: ReconcilerContext): Promise<ReconcileResult> {
  const ids = await listLiveIds(database);
  const work: { reconciler: ReconcilerName; key: string }[] = [
    { reconciler: "capacity", key: "default" },
    ...catalogue.types.map((type) => ({ reconciler: "plan" as const, key: type.id })),
    ...ids.map((id) => ({ reconciler: "reservation" as const, key: id })),
  ];
  await queueAllNow(database, work);
  return {};
}
