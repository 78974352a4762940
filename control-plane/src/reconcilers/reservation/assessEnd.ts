import type { NodeView, PodView } from "../../cluster/port.ts";
import type { Attempt } from "../../domain/reservation.ts";
import { nodeWasReady } from "../../store/capacity.ts";
import type { ReconcilerContext } from "../context.ts";

export interface SeenEnd {
  readonly reason: "node-lost" | "evicted";
  readonly detail: string;
}

/** A node may be silent for so long before its pods are given up; Kubernetes' own patience. */
const NODE_PATIENCE_MS = 300_000;
const NODE_REASONS = ["NodeLost", "NodeShutdown", "Terminated", "NodeAffinity"];

/**
 * Whether that very pod is over, by what a successful read just showed (undefined: it is not there). A pod that
 * is only not ready goes on: its container restarts, its network comes back.
 */
export async function assessEnd(
  context: ReconcilerContext,
  attempt: Attempt,
  pod: PodView | undefined,
): Promise<SeenEnd | undefined> {
  const failed = pod?.phase === "Failed" || pod?.phase === "Succeeded";
  const leaving = !pod || pod.deleting || failed;
  if (!leaving && (await nodeWasReady(context.database, attempt.node)) === true) return undefined;
  const node = await context.cluster.getNode(attempt.node);
  if (node?.ready !== true && (leaving || lostFor(context, node))) {
    return { reason: "node-lost", detail: `Its node ${attempt.node} was lost.` };
  }
  if (!leaving) return undefined;
  const words = [pod?.reason, pod?.message].filter(Boolean).join(": ");
  if (pod?.reason && NODE_REASONS.includes(pod.reason)) {
    return { reason: "node-lost", detail: `Its node ${attempt.node} went down (${words}).` };
  }
  return {
    reason: "evicted",
    detail:
      words === ""
        ? `Its pod on ${attempt.node} was removed by the cluster or an operator.`
        : `Its pod on ${attempt.node} was evicted (${words}).`,
  };
}

/** No such node any more, or silent beyond patience. */
function lostFor({ clock }: ReconcilerContext, node: NodeView | undefined): boolean {
  if (!node) return true;
  if (!node.notReadySince) return false;
  return clock.now().getTime() - node.notReadySince.getTime() > NODE_PATIENCE_MS;
}
