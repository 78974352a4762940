import { setTimeout as delay } from "node:timers/promises";
import { Hour, Minute, Second } from "@gpu-dev/shared/durations.ts";
import { queueAt, queueNow } from "../store/jobs.ts";
import { beat, removeBeats, unlockSilentWorkers, unlockWorkers } from "../store/workers.ts";
import { ClusterSteadiness } from "./clusterSteadiness.ts";
import type { ReconcilerContext } from "./context.ts";
import { surviveLostWrites } from "./lostWrites.ts";
import { watchHints } from "./watchHints.ts";
import { startWorkerPool, tidyQueue, type WorkerPool } from "./worker.ts";

export interface ReconcilersOptions extends Omit<ReconcilerContext, "steadiness"> {
  readonly databaseUrl: string;
  /** Jobs at a time in this process. */
  readonly concurrency: number;
}

const BEAT_MS = 5 * Second.ms;
const SWEEP_MS = 10 * Second.ms;
/** Without a beat for this long a worker is dead: with the sweep, its locks go within 30 seconds. */
const SILENCE_SECONDS = 20;
const RESYNC_MS = 30 * Second.ms;
const TIDY_MS = Hour.ms;
/** Rarer than the rest: it reads every Secret and Service, and nothing waits for it. What it finds it looks at again sooner. */
const GARBAGE_MS = 10 * Minute.ms;
const RESTART_PAUSE_MS = 2 * Second.ms;

/** At once, and then at the same moments for all processes: however many there are, one of them looks at everything. */
function resyncTurns({ database, clock }: ReconcilerContext): () => Promise<void> {
  let begun = false;
  return async () => {
    if (!begun) await queueNow(database, "resync", "default");
    begun = true;
    const next = Math.ceil((clock.now().getTime() + 1) / RESYNC_MS) * RESYNC_MS;
    await queueAt(database, "resync", "default", new Date(next));
  };
}

/** Any number of processes may do this at once. Resolves when the first pool runs; `stop` lets running jobs end. */
export async function startReconcilers(
  options: ReconcilersOptions,
): Promise<{ stop(): Promise<void> }> {
  const context: ReconcilerContext = {
    ...options,
    steadiness: new ClusterSteadiness(options.clock),
  };
  const { database, log } = context;
  const endOfSurvival = surviveLostWrites(log);
  const pool = await keepPoolRunning(context, options);
  const hints = await watchHints(context);
  const beats = () => beat(database, [...pool.workerIds()]);
  const timers = [
    every(BEAT_MS, "heartbeat", context, beats),
    every(SWEEP_MS, "sweep", context, async () => {
      const workers = await unlockSilentWorkers(database, SILENCE_SECONDS);
      if (workers.length > 0) log.warn({ workers }, "locks of dead workers were released");
    }),
    every(RESYNC_MS, "resync", context, resyncTurns(context)),
    every(GARBAGE_MS, "garbage", context, () => queueNow(database, "garbage", "default")),
    every(TIDY_MS, "tidy", context, () => tidyQueue(options.databaseUrl)),
  ];
  return {
    stop: async () => {
      await hints.stop();
      await pool.stop();
      await Promise.all(timers.map((timer) => timer.stop()));
      await removeBeats(database, [...pool.workerIds()]).catch((error: unknown) => {
        log.warn({ err: error }, "heartbeats were left behind; they grow old by themselves");
      });
      endOfSurvival();
    },
  };
}

/** The queue gives up for good when it loses the database at the wrong moment; then it is started again. */
async function keepPoolRunning(
  context: ReconcilerContext,
  options: ReconcilersOptions,
): Promise<{ workerIds(): ReadonlySet<string>; stop(): Promise<void> }> {
  const stopping = new AbortController();
  let pool: WorkerPool = await startWorkerPool(context, options);
  const running = (async () => {
    for (;;) {
      const broken = await pool.ended.then(
        () => new Error("the job queue stopped by itself"),
        (error: unknown) => error,
      );
      if (stopping.signal.aborted) return;
      context.log.warn({ err: broken }, "the job queue broke down; started again");
      const next = await restart(context, options, pool, stopping.signal);
      if (!next) return;
      pool = next;
    }
  })();
  return {
    workerIds: () => pool.workerIds,
    stop: async () => {
      stopping.abort();
      await pool.stop().catch((error: unknown) => {
        context.log.warn({ err: error }, "the job queue did not stop in order");
      });
      await running;
    },
  };
}

/** Jobs that the broken pool could not give back are free at once; a sweep would free them half a minute later. */
async function restart(
  context: ReconcilerContext,
  options: ReconcilersOptions,
  broken: WorkerPool,
  stop: AbortSignal,
): Promise<WorkerPool | undefined> {
  for (;;) {
    await delay(RESTART_PAUSE_MS, undefined, { signal: stop }).catch(() => undefined);
    if (stop.aborted) return undefined;
    try {
      await unlockWorkers(context.database, [...broken.workerIds]);
      return await startWorkerPool(context, options);
    } catch (error) {
      context.log.warn({ err: error }, "the job queue could not be started yet");
    }
  }
}

/** Runs at once and then after each pause; never two at a time; a failure waits for the next turn. */
function every(
  milliseconds: number,
  name: string,
  { log }: ReconcilerContext,
  work: () => Promise<unknown>,
): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const running = (async () => {
    while (!stopping.signal.aborted) {
      try {
        await work();
      } catch (error) {
        log.warn({ err: error, name }, "periodic work failed; tried again at its next turn");
      }
      await delay(milliseconds, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  })();
  return {
    stop: () => {
      stopping.abort();
      return running;
    },
  };
}
