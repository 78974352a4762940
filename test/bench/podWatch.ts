import { type V1Pod, Watch } from "@kubernetes/client-node";
import { NAMESPACE, type Stack } from "./stack.ts";

type Change = "ADDED" | "MODIFIED" | "DELETED";

/** Watches the pods as a client of the API server, and tells when (by this process's monotonic clock) a change came. */
export class PodWatch {
  readonly #waiters = new Set<(change: Change, pod: V1Pod, at: number) => void>();
  #abort: AbortController | undefined;

  static async start(stack: Stack): Promise<PodWatch> {
    const pods = new PodWatch();
    const { metadata } = await stack.core.listNamespacedPod({ namespace: NAMESPACE });
    pods.#abort = await new Watch(stack.kubeConfig).watch(
      `/api/v1/namespaces/${NAMESPACE}/pods`,
      { resourceVersion: metadata?.resourceVersion },
      (change: string, pod: V1Pod) => {
        const at = performance.now();
        for (const waiter of [...pods.#waiters]) waiter(change as Change, pod, at);
      },
      () => undefined,
    );
    return pods;
  }

  /** The moment of the first such change from now on. Ask before causing it. */
  next(change: Change, matches: (pod: V1Pod) => boolean, timeoutMs = 60_000): Promise<number> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiters.delete(waiter);
        reject(new Error(`no pod was ${change.toLowerCase()} within ${String(timeoutMs)} ms`));
      }, timeoutMs);
      const waiter = (seen: Change, pod: V1Pod, at: number): void => {
        if (seen !== change || !matches(pod)) return;
        this.#waiters.delete(waiter);
        clearTimeout(timer);
        resolve(at);
      };
      this.#waiters.add(waiter);
    });
  }

  stop(): void {
    this.#abort?.abort();
  }
}

export function belongsTo(reservationId: string): (pod: V1Pod) => boolean {
  return (pod) => pod.metadata?.labels?.["gpu-dev.io/reservation"] === reservationId;
}
