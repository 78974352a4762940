import type { Catalogue } from "@gpu-dev/shared/api/catalogue.ts";
import type { NodeView, PodView } from "../cluster/port.ts";
import { findType } from "../domain/catalogue.ts";
import { listHoldingPods } from "../store/attempts.ts";
import {
  type CapacityNode,
  removeNodesExcept,
  upsertNodes,
  wasSurveyedAfter,
} from "../store/capacity.ts";
import { inTransaction } from "../store/database.ts";
import { recordContact } from "../store/clusterContact.ts";
import { queueAllNow } from "../store/jobBatches.ts";
import { after, type ReconcileResult, type ReconcilerContext } from "./context.ts";

/** A pod that went may be told of late: until then it is no stranger's. */
const TOLD_LATE_MS = 30_000;
/** Another process saw more; by then this one's watches have caught up, or are known to be dead. */
const RETRY_MS = 10_000;

/** Nodes of the cluster to rows; a pool whose rows changed is planned anew. A failed look, or an old one, changes nothing. */
export async function reconcileCapacity(context: ReconcilerContext): Promise<ReconcileResult> {
  const begun = context.clock.now();
  const { nodes, pods, at: observedAt } = await context.cluster.survey();
  // What the watches told earlier is no answer of now.
  if (observedAt >= begun) context.steadiness.answered();
  const holding = new Set(
    await listHoldingPods(context.database, after(observedAt, -TOLD_LATE_MS)),
  );
  const foreign = pods.filter(
    (pod) => pod.installation !== context.installation || !holding.has(pod.name),
  );
  const seen = capacityOf(context.catalogue, nodes, foreign);
  return inTransaction(context.database, async (trx) => {
    if (await wasSurveyedAfter(trx, observedAt)) return { requeueAt: after(begun, RETRY_MS) };
    const changed = await upsertNodes(trx, seen, observedAt);
    const gone = await removeNodesExcept(
      trx,
      seen.map((node) => node.name),
      observedAt,
    );
    await recordContact(trx, observedAt);
    const pools = [...new Set([...changed, ...gone])];
    await queueAllNow(
      trx,
      pools.map((pool) => ({ reconciler: "plan", key: pool })),
    );
    if (pools.length > 0) context.log.info({ pools, nodes: seen.length }, "capacity changed");
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
    const type = node.gpuType === null ? undefined : findType(catalogue, node.gpuType);
    if (!type) return [];
    const taken = (podsOn.get(node.name) ?? [])
      .filter((pod) => !isOver(pod))
      .reduce(
        (sum, pod) => sum + (type.kind === "gpu" ? pod.gpus : pod.reservationId === null ? 0 : 1),
        0,
      );
    return [
      {
        name: node.name,
        uid: node.uid,
        gpuType: type.id,
        zone: node.zone,
        units: type.resource === null ? type.slotsPerNode : (node.allocatable[type.resource] ?? 0),
        foreignUnits: taken,
        unhealthyUnits: type.resource === null ? 0 : (node.unhealthy[type.resource] ?? 0),
        ready: node.ready,
        cordoned: node.cordoned,
        resourceVersion: node.resourceVersion,
      },
    ];
  });
}

const isOver = (pod: PodView): boolean => pod.phase === "Succeeded" || pod.phase === "Failed";
