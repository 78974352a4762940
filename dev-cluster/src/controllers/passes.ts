import type { Change, ObjectStore } from "../store/objectStore.ts";

export interface PassOptions {
  store: ObjectStore;
  /** Whether a change may give the pass something to do. */
  concerns: (change: Change) => boolean;
  /** Looks at everything anew and does what is to be done; to do it again must do no harm. */
  run: () => void;
  /** Also without any change, every so often. */
  everyMillis?: number;
  onError: (error: unknown) => void;
}

/** After a pass that failed, where nothing changes before. */
const AGAIN_MILLIS = 1_000;

/** Runs a controller's pass soon after changes, many changes at once, and by the clock where asked. Never two at a time. */
export class Passes {
  readonly #options: PassOptions;
  #again: NodeJS.Timeout | undefined;
  #unsubscribe: () => void = () => undefined;
  #next: NodeJS.Immediate | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: PassOptions) {
    this.#options = options;
  }

  start(): void {
    const { store, concerns, everyMillis } = this.#options;
    this.#unsubscribe = store.subscribe((change) => {
      if (concerns(change)) this.#soon();
    });
    if (everyMillis !== undefined) {
      this.#timer = setInterval(() => {
        this.#soon();
      }, everyMillis);
    }
    this.#soon();
  }

  stop(): void {
    this.#unsubscribe();
    clearInterval(this.#timer);
    clearTimeout(this.#again);
    clearImmediate(this.#next);
  }

  #soon(): void {
    this.#next ??= setImmediate(() => {
      this.#next = undefined;
      clearTimeout(this.#again);
      try {
        this.#options.run();
      } catch (error) {
        this.#options.onError(error);
        // There may be no change to wait for.
        this.#again = setTimeout(() => {
          this.#soon();
        }, AGAIN_MILLIS);
      }
    });
  }
}
