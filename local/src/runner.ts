import { lastLines } from "./logFiles.ts";
import type { Part } from "./part.ts";
import { StartError } from "./startError.ts";

/** Starts parts in order, watches them, and stops them in reverse, once, whatever happens meanwhile. */
export class Runner {
  readonly #parts: readonly Part[];
  readonly #say: (line: string) => void;
  readonly #begun: Part[] = [];
  #stopping = false;

  constructor(parts: readonly Part[], say: (line: string) => void) {
    this.#parts = parts;
    this.#say = say;
  }

  /** Resolves when all serve, or quietly half-way when `stop` was called; throws when a part can't start. */
  async start(): Promise<void> {
    for (const part of this.#parts) {
      if (this.#isStopping()) return;
      this.#say(`Starting ${part.title}`);
      this.#begun.push(part);
      try {
        await part.start();
      } catch (error) {
        if (this.#isStopping()) return;
        if (error instanceof StartError) throw error;
        throw new StartError("failed", await this.#reason(part, error), { cause: error });
      }
    }
  }

  /** Resolves with the reason as soon as a part ends that nobody stopped. */
  async died(): Promise<string> {
    const first = Promise.race(this.#begun.map(async (part) => (await part.exited(), part)));
    const part = await first;
    if (this.#isStopping()) return new Promise(() => undefined);
    return this.#reason(part, new Error(`${part.title} ended unexpectedly`));
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    for (const part of this.#begun.toReversed()) {
      this.#say(`Stopping ${part.title}`);
      await part.stop();
    }
  }

  /** For who does not want to wait; `stop` then ends soon too. */
  async kill(): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.#begun.map((part) => part.kill()));
  }

  /** A method, as the value changes across an await. */
  #isStopping(): boolean {
    return this.#stopping;
  }

  async #reason(part: Part, error: unknown): Promise<string> {
    const message = error instanceof Error ? error.message : String(error);
    const lines = (await lastLines(part.logFile)).map((line) => `  ${line}`);
    return [`${message}. The end of ${part.logFile}:`, ...lines].join("\n");
  }
}
