import { type V1Pod, Watch } from "@kubernetes/client-node";
import { NAMESPACE, type Stack } from "./stack.ts";

type Change = "ADDED" | "MODIFIED" | "DELETED";

/** Watches the pods as a client of the API server, and tells when (by this process's monotonic clock) a change came. */
export class PodWatch {
  readonly #waiters = new Set<(change: Change, pod: V1Pod, at: number) => void>();
  readonly #watch: Watch;
  #version: string | undefined;
  #stopped = false;
  #abort: AbortController | undefined;

  private constructor(stack: Stack, version: string | undefined) {
    this.#watch = new Watch(stack.kubeConfig);
    this.#version = version;
  }

  static async start(stack: Stack): Promise<PodWatch> {
    const { metadata } = await stack.core.listNamespacedPod({ namespace: NAMESPACE });
    const pods = new PodWatch(stack, metadata?.resourceVersion);
    await pods.#follow();
    return pods;
  }

  /** The server ends a watch whose client is slow for a moment, as this one is in a burst: it goes on where it was. */
  async #follow(): Promise<void> {
    this.#abort = await this.#watch.watch(
      `/api/v1/namespaces/${NAMESPACE}/pods`,
      { resourceVersion: this.#version },
      (change: string, pod: V1Pod) => {
        const at = performance.now();
        this.#version = pod.metadata?.resourceVersion ?? this.#version;
        for (const waiter of [...this.#waiters]) waiter(change as Change, pod, at);
      },
      () => {
        if (!this.#stopped) void this.#follow();
      },
    );
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
    this.#stopped = true;
    this.#abort?.abort();
  }
}

export function belongsTo(reservationId: string): (pod: V1Pod) => boolean {
  return (pod) => pod.metadata?.labels?.["gpu-dev.io/reservation"] === reservationId;
}
