import { EventEmitter } from "node:events";
import {
  Logger,
  makeWorkerUtils,
  run,
  type Runner,
  type TaskList,
  type WorkerEvents,
} from "graphile-worker";
import { Second } from "@gpu-dev/shared/durations.ts";
import { isDatabaseUnavailable } from "../store/database.ts";
import type { ReconcilerName } from "../store/jobs.ts";
import { queueUrl } from "../store/workers.ts";
import type { Log } from "../platform/logger.ts";
import type { ReconcilerContext } from "./context.ts";
import { REGISTRY } from "./registry.ts";
import { runJob } from "./runJob.ts";

export interface WorkerPool {
  /** The ids that lock its jobs. */
  readonly workerIds: ReadonlySet<string>;
  /** Rejects when the pool fails; resolves after `stop`. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

/**
 * NOTIFY reports new work at once. Polling finds timers that are due and work whose notification
 * was lost.
 */
const POLL_MS = Second.ms;
const HOURLY_RETENTION = '17 * * * * retention ?jobKey=retention/default&max=100 {"key":"default"}';

/** Runs every reconciler's jobs in this process, `concurrency` at a time. */
export async function startWorkerPool(
  context: ReconcilerContext,
  { databaseUrl, concurrency }: { databaseUrl: string; concurrency: number },
): Promise<WorkerPool> {
  const events = new EventEmitter() as WorkerEvents;
  const workerIds = new Set<string>();
  events.on("pool:create", ({ workerPool }) => workerIds.add(workerPool.id));
  events.on("worker:create", ({ worker }) => workerIds.add(worker.workerId));
  const runner: Runner = await run({
    connectionString: queueUrl(databaseUrl),
    maxPoolSize: concurrency + 2,
    concurrency,
    pollInterval: POLL_MS,
    noHandleSignals: true,
    taskList: tasks(context),
    crontab: HOURLY_RETENTION,
    logger: quietLogger(context),
    events,
  });
  return {
    workerIds,
    ended: runner.promise,
    stop: () => runner.stop(),
  };
}

function tasks(context: ReconcilerContext): TaskList {
  const list: TaskList = {};
  for (const [name, reconcile] of Object.entries(REGISTRY)) {
    list[name] = async (payload, { job }) => {
      const { key } = payload as { key: string };
      context.metrics.jobStarted(name, context.clock.now().getTime() - job.run_at.getTime());
      await runJob(context, name as ReconcilerName, reconcile, key);
    };
  }
  return list;
}

/** Drops the library's messages about single jobs, which `runJob` logs already. */
function quietLogger({ log }: ReconcilerContext): Logger {
  return new Logger(() => (level, message) => {
    if (level === "error" && !message.startsWith("Failed task"))
      log.error({ message }, "job queue");
    else if (level === "warning") log.warn({ message }, "job queue");
    else log.debug({ message }, "job queue");
  });
}

/** Removes rows of the queue that no job uses. */
export async function tidyQueue(databaseUrl: string): Promise<void> {
  const utils = await makeWorkerUtils({ connectionString: databaseUrl });
  try {
    // Not task identifiers: running workers cache their ids and would then find no jobs.
    await utils.cleanup({ tasks: ["GC_JOB_QUEUES", "DELETE_PERMAFAILED_JOBS"] });
  } finally {
    await utils.release();
  }
}

/**
 * graphile-worker 0.18 does not await the write that completes a job, so losing the database at
 * that moment would end the process with an unhandled rejection. This handler ignores that
 * rejection; any other one still ends the process. The job stays locked as long as its pool exists,
 * which is harmless: a new trigger or the resync, within half a minute, queues the key again.
 *
 * Completing jobs in batches does not help: after a failed batch the pool neither ends nor runs
 * further jobs.
 * @returns a function that removes the handler
 */
export function ignoreLostJobWrites(log: Log): () => void {
  const onRejection = (reason: unknown) => {
    if (!isDatabaseUnavailable(reason)) throw reason;
    log.warn({ err: reason }, "database unavailable; job completion not written");
  };
  process.on("unhandledRejection", onRejection);
  return () => process.off("unhandledRejection", onRejection);
}
