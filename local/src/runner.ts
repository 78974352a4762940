import { lastLines } from "./folder/logFiles.ts";
import { StartError } from "./startError.ts";

/** One of the processes that `npm start` runs. */
export interface Part {
  /** As in "Stopping the control plane". */
  readonly title: string;
  readonly logFile: string;
  /** Resolves when the part serves. */
  start(): Promise<void>;
  /** Ends the part in order, also while it starts. Resolves when none of its processes is left. */
  stop(): Promise<void>;
  /** Ends the part at once. Resolves when none of its processes is left. */
  kill(): Promise<void>;
  /** Resolves when the part ends for any reason. Call it only after `start`. */
  exited(): Promise<void>;
}

/** Starts parts in order, and stops them in reverse. `supervise` restarts those that end. */
export interface Runner {
  /** Resolves when all parts serve, or early after `stop`. Throws when a part cannot start. */
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Ends all parts without an orderly stop; a `stop` in progress then returns soon. */
  kill(): Promise<void>;
}

export function createRunner(parts: readonly Part[], print: (line: string) => void): Runner {
  const started: Part[] = [];
  let isStopping = false;
  // A function, because the value changes during each await.
  const stopRequested = (): boolean => isStopping;
  return {
    async start() {
      for (const part of parts) {
        if (stopRequested()) return;
        print(`Starting ${part.title}`);
        started.push(part);
        try {
          await part.start();
        } catch (error) {
          if (stopRequested()) return;
          if (error instanceof StartError) throw error;
          throw new StartError("failed", await failureReport(part, error), { cause: error });
        }
      }
    },
    async stop() {
      isStopping = true;
      for (const part of started.toReversed()) {
        print(`Stopping ${part.title}`);
        await part.stop();
      }
    },
    async kill() {
      isStopping = true;
      await Promise.all(started.map((part) => part.kill()));
    },
  };
}

/** The error and the last lines of the part's log. */
export async function failureReport(part: Part, error: unknown): Promise<string> {
  const message = error instanceof Error ? error.message : String(error);
  const lines = (await lastLines(part.logFile)).map((line) => `  ${line}`);
  return [`${message}. The end of ${part.logFile}:`, ...lines].join("\n");
}
