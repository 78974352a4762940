import { type V1Pod, Watch } from "@kubernetes/client-node";
import { NAMESPACE, type Stack } from "./stack.ts";

type Change = "ADDED" | "MODIFIED" | "DELETED";

/**
 * Watches pods as a client of the API server, and reports when changes arrive, by the monotonic
 * clock.
 */
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

  /**
   * The server ends the watch of a slow client, as this one is in a burst. The watch then resumes
   * at its version.
   */
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

  /** The time of the next matching change. Call it before causing the change. */
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
