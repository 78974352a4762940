import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import { Second } from "@gpu-dev/shared/durations.ts";
import type { Log } from "./logger.ts";

export type MetricsRegistry = Registry;

/** The registry of a process, with the figures of the runtime. */
export function createMetricsRegistry(): MetricsRegistry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return registry;
}

/** Labels come from closed sets: names of reconcilers, causes. Never keys, ids or pools. */
export interface ReconcilerMetrics {
  /** @param waitedMs from the time that the job was due until it started */
  jobStarted(reconciler: string, waitedMs: number): void;
  /** @returns a function to call when the run ends */
  startRun(reconciler: string): () => void;
  failed(reconciler: string, cause: ErrorCause): void;
  /** @returns a function to call when the pass ends */
  startPlanPass(): () => void;
}

export type ErrorCause = "cluster" | "database" | "other";

/** Jobs that are due and that no worker runs yet. */
export interface DueJobs {
  readonly reconciler: string;
  readonly depth: number;
  readonly oldestSeconds: number;
}

const RUN_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const WAIT_BUCKETS = [0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 15, 30, 60, 300];

export function createReconcilerMetrics(registry: MetricsRegistry): ReconcilerMetrics {
  const labelNames = ["reconciler"] as const;
  const registers = [registry];
  const run = new Histogram({
    name: "gpu_dev_reconciler_run_duration_seconds",
    help: "Duration of one run of a reconciler, failed runs included",
    labelNames,
    buckets: RUN_BUCKETS,
    registers,
  });
  const wait = new Histogram({
    name: "gpu_dev_reconciler_queue_wait_seconds",
    help: "Time from when a job was due until a worker started it",
    labelNames,
    buckets: WAIT_BUCKETS,
    registers,
  });
  const errors = new Counter({
    name: "gpu_dev_reconciler_errors_total",
    help: "Runs that failed, by cause: the cluster or the database was unavailable, or another error",
    labelNames: ["reconciler", "cause"] as const,
    registers,
  });
  const pass = new Histogram({
    name: "gpu_dev_plan_pass_duration_seconds",
    help: "Duration of one plan pass over a pool, from reading the pool to writing the placements",
    buckets: RUN_BUCKETS,
    registers,
  });
  return {
    jobStarted: (reconciler, waitedMs) => {
      wait.observe({ reconciler }, Math.max(0, waitedMs) / Second.ms);
    },
    startRun: (reconciler) => run.startTimer({ reconciler }),
    failed: (reconciler, cause) => {
      errors.inc({ reconciler, cause });
    },
    startPlanPass: () => pass.startTimer(),
  };
}

/** A scrape waits for the job table no longer than this. */
const READ_TIMEOUT_MS = Second.ms;

/**
 * The depth of the job queue and the age of its oldest job, read when scraped. While the database
 * does not respond these two series are absent, and the scrape succeeds. @returns a function that
 * removes the series
 */
export function registerJobQueueMetrics(
  registry: MetricsRegistry,
  readDueJobs: () => Promise<readonly DueJobs[]>,
  log: Log,
): () => void {
  let running: Promise<readonly DueJobs[]> | undefined;
  // One read at a time, however often it is scraped, and one for both series.
  const read = () => {
    running ??= readDueJobs().finally(() => (running = undefined));
    return running;
  };
  const register = (name: string, help: string, valueOf: (jobs: DueJobs) => number) => {
    new Gauge({
      name,
      help,
      labelNames: ["reconciler"] as const,
      registers: [registry],
      async collect() {
        this.reset();
        try {
          for (const jobs of await within(READ_TIMEOUT_MS, read())) {
            this.set({ reconciler: jobs.reconciler }, valueOf(jobs));
          }
        } catch (error) {
          log.debug({ err: error }, "job queue not read for metrics");
        }
      },
    });
    return () => {
      registry.removeSingleMetric(name);
    };
  };
  const removeDepth = register(
    "gpu_dev_jobs_due",
    "Jobs that are due and that no worker runs yet, 10,000 at most",
    ({ depth }) => depth,
  );
  const removeAge = register(
    "gpu_dev_jobs_oldest_age_seconds",
    "Time for which the oldest of these jobs has been due",
    ({ oldestSeconds }) => oldestSeconds,
  );
  return () => {
    removeDepth();
    removeAge();
  };
}

async function within<Result>(timeoutMs: number, work: Promise<Result>): Promise<Result> {
  const timeout = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    timeout.reject(new Error(`no result within ${String(timeoutMs / Second.ms)} s`));
  }, timeoutMs);
  try {
    return await Promise.race([work, timeout.promise]);
  } finally {
    clearTimeout(timer);
  }
}
