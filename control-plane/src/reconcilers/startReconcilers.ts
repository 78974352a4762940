import { setTimeout as delay } from "node:timers/promises";
import { Hour, Minute, Second } from "@gpu-dev/shared/durations.ts";
import {
  createReconcilerMetrics,
  registerJobQueueMetrics,
  type MetricsRegistry,
} from "../platform/metrics.ts";
import { countDueJobs, queueAt, queueNow } from "../store/jobs.ts";
import { beat, removeBeats, unlockSilentWorkers, unlockWorkers } from "../store/workers.ts";
import { createClusterAvailability } from "./clusterAvailability.ts";
import type { ReconcilerContext } from "./context.ts";
import { reconcileReservation } from "./reservation/reconcileReservation.ts";
import { watchHints } from "./watchHints.ts";
import { ignoreLostJobWrites, startWorkerPool, tidyQueue, type WorkerPool } from "./worker.ts";

export interface ReconcilersOptions extends Omit<
  ReconcilerContext,
  "availability" | "metrics" | "startReservation"
> {
  /** Receives the metrics of the reconcilers and of the job queue. */
  readonly registry: MetricsRegistry;
  readonly databaseUrl: string;
  /** Concurrent jobs of this process. */
  readonly concurrency: number;
}

const HEARTBEAT_MS = 5 * Second.ms;
const SWEEP_MS = 10 * Second.ms;
/**
 * A worker without a heartbeat for this long is dead: with the sweep, its locks are released within
 * 30 seconds.
 */
const SILENCE_SECONDS = 20;
const RESYNC_MS = 30 * Second.ms;
const TIDY_MS = Hour.ms;
/**
 * Less frequent than the rest: it may read every Secret and Service, and nothing depends on it.
 * While there are orphans it runs more often.
 */
const GARBAGE_MS = 10 * Minute.ms;
const RESTART_DELAY_MS = 2 * Second.ms;

/**
 * Queues a resync at the start, then at the same times in all processes: the jobs share a key, so
 * only one of them runs.
 */
function scheduleResyncs({ database, clock }: ReconcilerContext): () => Promise<void> {
  let isStarted = false;
  return async () => {
    if (!isStarted) await queueNow(database, "resync", "default");
    isStarted = true;
    const next = Math.ceil((clock.now().getTime() + 1) / RESYNC_MS) * RESYNC_MS;
    await queueAt(database, "resync", "default", new Date(next));
  };
}

/**
 * Starts the reconcilers; any number of processes may run them. Resolves when the worker pool runs;
 * `stop` waits for running jobs.
 */
export async function startReconcilers(
  options: ReconcilersOptions,
): Promise<{ stop(): Promise<void> }> {
  const context: ReconcilerContext = {
    ...options,
    startReservation: reconcileReservation,
    availability: createClusterAvailability(options.clock),
    metrics: createReconcilerMetrics(options.registry),
  };
  const { database, log } = context;
  const removeQueueMetrics = registerJobQueueMetrics(
    options.registry,
    () => countDueJobs(database),
    log,
  );
  const restoreHandler = ignoreLostJobWrites(log);
  const pool = await keepPoolRunning(context, options);
  const hints = await watchHints(context);
  const sendHeartbeats = () => beat(database, [...pool.workerIds()]);
  const timers = [
    every(HEARTBEAT_MS, "heartbeat", context, sendHeartbeats),
    every(SWEEP_MS, "sweep", context, async () => {
      const workers = await unlockSilentWorkers(database, SILENCE_SECONDS);
      if (workers.length > 0) log.warn({ workers }, "locks of dead workers released");
    }),
    every(RESYNC_MS, "resync", context, scheduleResyncs(context)),
    every(GARBAGE_MS, "garbage", context, () => queueNow(database, "garbage", "default")),
    every(TIDY_MS, "tidy", context, () => tidyQueue(options.databaseUrl)),
  ];
  return {
    stop: async () => {
      await hints.stop();
      await pool.stop();
      await Promise.all(timers.map((timer) => timer.stop()));
      await removeBeats(database, [...pool.workerIds()]).catch((error: unknown) => {
        log.warn({ err: error }, "heartbeats not removed; they expire");
      });
      restoreHandler();
      removeQueueMetrics();
    },
  };
}

/**
 * Restarts the library's pool when it ends: it does not recover from every lost connection.
 */
async function keepPoolRunning(
  context: ReconcilerContext,
  options: ReconcilersOptions,
): Promise<{ workerIds(): ReadonlySet<string>; stop(): Promise<void> }> {
  const stopping = new AbortController();
  let pool: WorkerPool = await startWorkerPool(context, options);
  const running = (async () => {
    for (;;) {
      const failure = await pool.ended.then(
        () => new Error("the job queue stopped unexpectedly"),
        (error: unknown) => error,
      );
      if (stopping.signal.aborted) return;
      context.log.warn({ err: failure }, "job queue failed; restarting");
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
        context.log.warn({ err: error }, "job queue did not stop cleanly");
      });
      await running;
    },
  };
}

/**
 * Releases the jobs of the failed pool at once; otherwise the sweep would, half a minute later.
 */
async function restart(
  context: ReconcilerContext,
  options: ReconcilersOptions,
  failed: WorkerPool,
  stop: AbortSignal,
): Promise<WorkerPool | undefined> {
  for (;;) {
    await delay(RESTART_DELAY_MS, undefined, { signal: stop }).catch(() => undefined);
    if (stop.aborted) return undefined;
    try {
      await unlockWorkers(context.database, [...failed.workerIds]);
      return await startWorkerPool(context, options);
    } catch (error) {
      context.log.warn({ err: error }, "job queue not started; will retry");
    }
  }
}

/**
 * Runs `work` at once and then after each interval, never concurrently. A failure is retried after
 * the next interval.
 */
function every(
  intervalMs: number,
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
        log.warn({ err: error, name }, "periodic work failed; will retry");
      }
      await delay(intervalMs, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  })();
  return {
    stop: () => {
      stopping.abort();
      return running;
    },
  };
}
