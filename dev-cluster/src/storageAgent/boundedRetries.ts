import { setTimeout as delay } from "node:timers/promises";
import type { KubeObject } from "../nodeAgent/kubeTypes.ts";

/**
 * Works on the newest version of each object, one attempt at a time per object, again after a failure: soon at first,
 * then every 30 seconds.
 */
export class BoundedRetries<T extends KubeObject> {
  readonly #attempt: (object: T) => Promise<void>;
  readonly #log: (line: string) => void;
  readonly #waiting = new Map<string, T>();
  /** Of what is still there: only that is tried again. */
  readonly #there = new Set<string>();
  readonly #running = new Map<string, Promise<void>>();
  readonly #stopping = new AbortController();

  constructor(options: { attempt: (object: T) => Promise<void>; log: (line: string) => void }) {
    this.#attempt = options.attempt;
    this.#log = options.log;
  }

  add(object: T): void {
    const { uid } = object.metadata;
    this.#there.add(uid);
    this.#waiting.set(uid, object);
    if (this.#running.has(uid) || this.#stopping.signal.aborted) return;
    const running = this.#work(uid).finally(() => this.#running.delete(uid));
    this.#running.set(uid, running);
  }

  /** It is gone, and nothing more is to be done for it. */
  forget({ metadata: { uid } }: T): void {
    this.#there.delete(uid);
    this.#waiting.delete(uid);
  }

  /** All but these are gone. */
  keepOnly(objects: readonly T[]): void {
    const uids = new Set(objects.map(({ metadata }) => metadata.uid));
    for (const uid of this.#there) {
      if (uids.has(uid)) continue;
      this.#there.delete(uid);
      this.#waiting.delete(uid);
    }
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#running.values());
  }

  async #work(uid: string): Promise<void> {
    const { signal } = this.#stopping;
    let wait = 200;
    for (;;) {
      const object = this.#waiting.get(uid);
      if (object === undefined || signal.aborted) return;
      this.#waiting.delete(uid);
      try {
        await this.#attempt(object);
      } catch (error) {
        this.#log(
          `${object.metadata.name} could not be seen to, and is tried again: ${String(error)}`,
        );
        await delay(wait, undefined, { signal }).catch(() => undefined);
        wait = Math.min(wait * 2, 30_000);
        if (this.#there.has(uid) && !this.#waiting.has(uid)) this.#waiting.set(uid, object);
      }
    }
  }
}
