import { EventEmitter } from "node:events";
import {
  Logger,
  makeWorkerUtils,
  run,
  type Runner,
  type TaskList,
  type WorkerEvents,
} from "graphile-worker";
import type { ReconcilerName } from "../store/jobs.ts";
import { queueUrl } from "../store/queueUrl.ts";
import type { ReconcilerContext } from "./context.ts";
import { REGISTRY } from "./registry.ts";
import { runJob } from "./runJob.ts";

export interface WorkerPool {
  /** Ids under which its jobs are locked. */
  readonly workerIds: ReadonlySet<string>;
  /** Rejects when the pool broke down; resolves after `stop`. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

/** NOTIFY brings work at once; this is how soon work is found that a lost notification hid, or whose time has come. */
const POLL_MS = 1_000;
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
    list[name] = async (payload) => {
      const { key } = payload as { key: string };
      await runJob(context, name as ReconcilerName, reconcile, key);
    };
  }
  return list;
}

/** Its own news about each job repeat what `runJob` says. */
function quietLogger({ log }: ReconcilerContext): Logger {
  return new Logger(() => (level, message) => {
    if (level === "error" && !message.startsWith("Failed task"))
      log.error({ message }, "job queue");
    else if (level === "warning") log.warn({ message }, "job queue");
    else log.debug({ message }, "job queue");
  });
}

/** Rows of the queue that no job needs any more. */
export async function tidyQueue(databaseUrl: string): Promise<void> {
  const utils = await makeWorkerUtils({ connectionString: databaseUrl });
  try {
    // Never the task identifiers: running workers keep them in memory, and would find no job again.
    await utils.cleanup({ tasks: ["GC_JOB_QUEUES", "DELETE_PERMAFAILED_JOBS"] });
  } finally {
    await utils.release();
  }
}
