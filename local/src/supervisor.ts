import { createCoalescer } from "@gpu-dev/shared/coalesce.ts";
import { Minute, Second } from "@gpu-dev/shared/durations.ts";
import { capitalize } from "@gpu-dev/shared/text.ts";
import { failureReport, type Part } from "./runner.ts";

/** The pause before the first restart; it doubles with each failure in a row. */
const BACK_OFF_MS = Second.ms / 2;
/** With the pauses, a part gets about 15 seconds to recover from the cause of its exit. */
const MAX_FAILURES = 5;
/** A part that ran this long starts again from the first pause. */
const STABLE_MS = Minute.ms;

export interface SupervisorOptions {
  readonly part: Part;
  readonly print: (line: string) => void;
  /** Aborted when everything stops; a restart in progress is then left to the runner's `stop`. */
  readonly closed: AbortSignal;
  /** Called with a report when the part failed too often in a row. */
  readonly onGivenUp: (report: string) => void;
}

export interface Supervisor {
  /**
   * Restarts the part soon, because its sources changed. Works even after `onGivenUp` was called.
   */
  restartSoon(delayMs: number): void;
}

/** Restarts a running part when it ends, with back-off, as a service supervisor does. */
export function supervise({ part, print, closed, onGivenUp }: SupervisorOptions): Supervisor {
  const isClosed = (): boolean => closed.aborted;
  let isRestarting = false;
  const backOff = createBackOff();
  const schedule = createTimer(closed, () => {
    restarts.trigger();
  });
  const onFailure = async (error: unknown): Promise<void> => {
    if (isClosed()) return;
    const delayMs = backOff.next();
    if (delayMs === undefined) {
      const report = await failureReport(part, error);
      if (!isClosed()) onGivenUp(report);
      return;
    }
    print(`${messageOf(error)}. It is restarted in ${String(delayMs / Second.ms)} s.`);
    schedule(delayMs);
  };
  const followExit = (): void => {
    const startedAt = performance.now();
    void part.exited().then(async () => {
      if (isRestarting || isClosed()) return;
      if (performance.now() - startedAt > STABLE_MS) backOff.reset();
      await onFailure(new Error(`${capitalize(part.title)} ended unexpectedly`));
    });
  };
  const restarts = createCoalescer(async () => {
    if (isClosed()) return;
    isRestarting = true;
    try {
      if (await restart(part, print, isClosed)) followExit();
    } catch (error) {
      await onFailure(error);
    } finally {
      isRestarting = false;
    }
  });
  followExit();
  return {
    restartSoon: (delayMs) => {
      // Waiting does not fix a mistake in the sources: a failure waits for the next change.
      backOff.exhaust();
      schedule(delayMs);
    },
  };
}

/** False when everything stops before the part is started. */
async function restart(
  part: Part,
  print: (line: string) => void,
  isClosed: () => boolean,
): Promise<boolean> {
  print(`Restarting ${part.title}`);
  const startedAt = performance.now();
  await part.stop();
  if (isClosed()) return false;
  await part.start();
  const seconds = ((performance.now() - startedAt) / Second.ms).toFixed(1);
  print(`Restarted ${part.title} (${seconds} s)`);
  return true;
}

/** Returns the function that sets the one timer again. */
function createTimer(closed: AbortSignal, run: () => void): (delayMs: number) => void {
  let timer: NodeJS.Timeout | undefined;
  closed.addEventListener("abort", () => {
    clearTimeout(timer);
  });
  return (delayMs) => {
    clearTimeout(timer);
    if (!closed.aborted) timer = setTimeout(run, delayMs);
  };
}

function createBackOff() {
  let failures = 0;
  return {
    /** The pause after one more failure; undefined after too many in a row. */
    next: (): number | undefined => {
      failures += 1;
      return failures > MAX_FAILURES ? undefined : BACK_OFF_MS * 2 ** (failures - 1);
    },
    reset: (): void => {
      failures = 0;
    },
    exhaust: (): void => {
      failures = MAX_FAILURES;
    },
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
