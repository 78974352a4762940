import type { NodeFaults } from "../faults/faultState.ts";

/** Settles at once where the node is not lost, else when it is back or the agent stops. */
export async function whenNodeIsBack(
  name: string,
  faults: NodeFaults,
  stopped: AbortSignal,
): Promise<void> {
  if (!faults.isNodeLost(name) || stopped.aborted) return;
  await new Promise<void>((resolve) => {
    const check = (): void => {
      if (faults.isNodeLost(name) && !stopped.aborted) return;
      faults.off("nodeLost", check);
      stopped.removeEventListener("abort", check);
      resolve();
    };
    faults.on("nodeLost", check);
    stopped.addEventListener("abort", check);
  });
}
