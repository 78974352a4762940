import type { Catalogue, GpuType } from "@gpu-dev/shared/api/catalogue.ts";
import { addMs, Second } from "@gpu-dev/shared/durations.ts";
import type { NodeView, PodView } from "../cluster/port.ts";
import { findType } from "../domain/catalogue.ts";
import { listHoldingPods } from "../store/attempts.ts";
import {
  type CapacityNode,
  removeNodesExcept,
  upsertNodes,
  wasSurveyedAfter,
  recordContact,
} from "../store/capacity.ts";
import { inTransaction } from "../store/database.ts";
import { queueAllNow } from "../store/jobs.ts";
import type { ReconcileResult, ReconcilerContext } from "./context.ts";

/** The watch may report the end of a pod late: meanwhile the pod does not count as foreign. */
const EVENT_LAG_MS = 30 * Second.ms;
/**
 * When another process wrote a newer state: by then the watches of this process have caught up, or
 * are known to be dead.
 */
const RETRY_MS = 10 * Second.ms;

/**
 * Stores the nodes of the cluster and queues a plan for each changed pool. A failed or outdated
 * read changes nothing.
 */
export async function reconcileCapacity(context: ReconcilerContext): Promise<ReconcileResult> {
  const startedAt = context.clock.now();
  const { nodes, pods, at: observedAt } = await context.cluster.listNodesAndPods();
  // An older state comes from a cache and does not show that the cluster responds now.
  if (observedAt >= startedAt) context.availability.succeeded();
  const holding = new Set(
    await listHoldingPods(context.database, addMs(observedAt, -EVENT_LAG_MS)),
  );
  const foreign = pods.filter(
    (pod) => pod.installation !== context.installation || !holding.has(pod.name),
  );
  const observed = capacityOf(context.catalogue, nodes, foreign);
  return inTransaction(context.database, async (trx) => {
    if (await wasSurveyedAfter(trx, observedAt)) return { requeueAt: addMs(startedAt, RETRY_MS) };
    const changed = await upsertNodes(trx, observed, observedAt);
    const gone = await removeNodesExcept(
      trx,
      observed.map((node) => node.name),
      observedAt,
    );
    await recordContact(trx, observedAt);
    const pools = [...new Set([...changed, ...gone])];
    await queueAllNow(
      trx,
      pools.map((pool) => ({ reconciler: "plan", key: pool })),
    );
    if (pools.length > 0) context.log.info({ pools, nodes: observed.length }, "capacity changed");
    return {};
  });
}

function capacityOf(
  catalogue: Catalogue,
  nodes: readonly NodeView[],
  foreign: readonly PodView[],
): CapacityNode[] {
  const podsOn = Map.groupBy(foreign, (pod) => pod.node);
  return nodes.flatMap((node) => {
    const type = node.gpuType === undefined ? undefined : findType(catalogue, node.gpuType);
    if (!type) return [];
    const running = (podsOn.get(node.name) ?? []).filter((pod) => !hasEnded(pod));
    return [
      {
        name: node.name,
        uid: node.uid,
        gpuType: type.id,
        zone: node.zone,
        units: type.resource === null ? type.slotsPerNode : (node.allocatable[type.resource] ?? 0),
        unitsUsedByOthers: running.reduce((sum, pod) => sum + unitsUsedBy(type, pod), 0),
        unhealthyUnits: type.resource === null ? 0 : (node.unhealthy[type.resource] ?? 0),
        ready: node.ready,
        cordoned: node.cordoned,
        resourceVersion: node.resourceVersion,
      },
    ];
  });
}

/** On a CPU type only pods of reservations use slots. */
function unitsUsedBy(type: GpuType, pod: PodView): number {
  if (type.kind === "gpu") return pod.gpus;
  return pod.reservationId === undefined ? 0 : 1;
}

const hasEnded = (pod: PodView): boolean => pod.phase === "Succeeded" || pod.phase === "Failed";
