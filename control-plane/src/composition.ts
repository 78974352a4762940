import packageJson from "../package.json" with { type: "json" };
import { Second } from "@gpu-dev/shared/durations.ts";
import { createDevelopmentSignIn } from "./auth/methods/development.ts";
import { loadCatalogue } from "./catalogueFile.ts";
import type { KubeClusterOptions } from "./cluster/kubeCluster.ts";
import { ClusterUnavailable, type Cluster } from "./cluster/port.ts";
import type { Config } from "./config.ts";
import { firstComePlanner } from "./domain/plan/firstCome.ts";
import type { SignInMethod } from "./domain/signInMethod.ts";
import type { Services } from "./http/handler.ts";
import { startHttpServer, type HttpServer, type ServerTimeouts } from "./http/server.ts";
import { startEventFeed } from "./operations/eventFeed.ts";
import type { LogReader } from "./operations/reachReservation.ts";
import { openDatabase, readDatabaseTime, type Database } from "./store/database.ts";
import { ensureInstallation, migrateWhenReady, type WaitOptions } from "./store/migrate.ts";
import { DatabaseClock } from "./platform/clock.ts";
import type { Log } from "./platform/logger.ts";
import { createMetricsRegistry, type MetricsRegistry } from "./platform/metrics.ts";

const DATABASE_TIMEOUT_MS = 60 * Second.ms;
const CLOCK_INTERVAL_MS = 30 * Second.ms;
const MAX_CLOCK_SKEW_MS = 2 * Second.ms;

export interface ControlPlane {
  /** The address of the API; undefined for a role without one. */
  readonly url: string | undefined;
  /** Stops in order: readiness, event streams, running requests, reconcilers, database pool. */
  stop(): Promise<void>;
}

export interface Overrides {
  readonly timeouts?: ServerTimeouts;
  readonly databaseWaitMs?: number;
  /** Replaces the configured sign-in methods. */
  readonly signInMethods?: readonly SignInMethod[];
  /** Aborts when a stop is requested: ends the wait for an unavailable database. */
  readonly stopping?: AbortSignal;
}

interface Base {
  readonly config: Config;
  readonly log: Log;
  readonly database: Database;
  readonly clock: DatabaseClock;
  readonly catalogue: Services["catalogue"];
  readonly installation: string;
  readonly cluster: Cluster | undefined;
  /** The metrics of every part of this process. */
  readonly registry: MetricsRegistry;
}

/**
 * Builds every adapter and starts the parts of the role. If one fails to start, the earlier ones
 * are stopped.
 */
export async function startControlPlane(
  config: Config,
  log: Log,
  overrides: Overrides = {},
): Promise<ControlPlane> {
  const databaseWait: WaitOptions = {
    log,
    waitMs: overrides.databaseWaitMs ?? DATABASE_TIMEOUT_MS,
    stopping: overrides.stopping,
  };
  const stops: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (let last = stops.pop(); last; last = stops.pop()) await last();
  };
  try {
    if (config.role === "migrate") {
      await migrateWhenReady(config.databaseUrl, databaseWait);
      return { url: undefined, stop };
    }
    const base = await startBase(config, log, { stops, databaseWait });
    if (config.role !== "api") stops.push(await startReconciling(base));
    const server =
      config.role === "reconcilers" ? undefined : await startApi(base, stops, overrides);
    stops.push(await startHealth(base, server));
    return { url: server?.url, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startBase(
  config: Config,
  log: Log,
  options: { readonly stops: (() => Promise<void>)[]; readonly databaseWait: WaitOptions },
): Promise<Base> {
  const catalogue = await loadCatalogue(config.catalogueFile);
  await migrateWhenReady(config.databaseUrl, options.databaseWait);
  const database = openDatabase({ url: config.databaseUrl, poolSize: config.poolSize });
  options.stops.push(() => database.destroy());
  const clock = new DatabaseClock(() => readDatabaseTime(database));
  await measureClock(clock, log);
  const timer = setInterval(() => void measureClock(clock, log), CLOCK_INTERVAL_MS);
  options.stops.push(() => {
    clearInterval(timer);
    return Promise.resolve();
  });
  const installation = await ensureInstallation(database);
  const cluster = await openCluster(config, { installation, catalogue, clock, log });
  options.stops.push(() => {
    cluster?.close();
    return Promise.resolve();
  });
  const registry = createMetricsRegistry();
  return { config, log, database, clock, catalogue, installation, cluster, registry };
}

async function startApi(
  base: Base,
  stops: (() => Promise<void>)[],
  { timeouts, signInMethods: replacement }: Overrides,
): Promise<HttpServer> {
  const { config, log, database, clock, catalogue, installation } = base;
  const signInMethods = replacement ?? (await createSignInMethods(config));
  const feed = await startEventFeed({ database, databaseUrl: config.databaseUrl, clock, log });
  stops.push(() => feed.stop());
  const server = await startHttpServer({
    services: {
      database,
      clock,
      catalogue,
      planner: firstComePlanner,
      cluster: base.cluster ?? NO_CLUSTER,
      feed,
      log,
      version: packageJson.version,
      installation,
      signInMethods,
    },
    publicHosts: config.publicHosts,
    registry: base.registry,
    rates: {
      reads: rate(config.readsPerSecond, 2),
      writes: rate(config.writesPerSecond, 5),
      anonymous: rate(config.anonymousPerSecond, 5),
    },
    validateResponses: config.validateResponses,
    poolSize: config.poolSize,
    host: config.host,
    port: config.port,
    ...(timeouts ? { timeouts } : {}),
  });
  stops.push(() => server.stop());
  return server;
}

async function createSignInMethods(config: Config): Promise<SignInMethod[]> {
  const { developmentSecretFile: secretFile, developmentRoles: roles } = config;
  if (secretFile === undefined) return [];
  return [await createDevelopmentSignIn({ secretFile, roles })];
}

/** Starts the server for probes inside the cluster. Returns a function that stops it. */
async function startHealth(
  { config, database, clock, log, registry }: Base,
  api: HttpServer | undefined,
): Promise<() => Promise<void>> {
  if (config.healthPort === undefined) return () => Promise.resolve();
  const { startHealthServer } = await import("./http/health.ts");
  const server = await startHealthServer({
    database,
    clock,
    log,
    registry,
    port: config.healthPort,
    metrics: api?.metrics,
  });
  return () => server.stop();
}

async function startReconciling(base: Base): Promise<() => Promise<void>> {
  const { config, log, database, clock, catalogue, installation, cluster, registry } = base;
  if (!cluster) {
    throw new Error("the reconcilers need a cluster; set --kubeconfig, or --in-cluster in a pod");
  }
  // Imported late, so that a process that only serves HTTP does not load the workers.
  const { startReconcilers } = await import("./reconcilers/startReconcilers.ts");
  const reconcilers = await startReconcilers({
    database,
    databaseUrl: config.databaseUrl,
    cluster,
    clock,
    catalogue,
    planner: firstComePlanner,
    log,
    registry,
    installation,
    concurrency: config.concurrency,
  });
  return () => reconcilers.stop();
}

async function openCluster(
  config: Config,
  parts: Pick<KubeClusterOptions, "installation" | "catalogue" | "clock" | "log">,
): Promise<(Cluster & { close(): void }) | undefined> {
  if (config.kubeconfig === undefined && !config.inCluster) return undefined;
  const { createKubeCluster } = await import("./cluster/kubeCluster.ts");
  return createKubeCluster({
    ...(config.kubeconfig === undefined ? {} : { kubeconfigPath: config.kubeconfig }),
    namespace: config.namespace,
    sshServerImage: config.sshServerImage,
    ...parts,
  });
}

/** For an API without a cluster, which serves everything that is in the database. */
const NO_CLUSTER: LogReader = {
  readLogs: () =>
    Promise.reject(new ClusterUnavailable("this server was started without --kubeconfig")),
};

const rate = (perSecond: number, seconds: number) => ({ perSecond, burst: perSecond * seconds });

async function measureClock(clock: DatabaseClock, log: Log): Promise<void> {
  try {
    const aheadMs = Math.round(await clock.measure());
    if (Math.abs(aheadMs) > MAX_CLOCK_SKEW_MS) {
      log.warn({ aheadMs }, "clock differs from the database; database time is used");
    }
  } catch (error) {
    // The monotonic clock continues meanwhile. If the first measurement fails, the first use
    // throws.
    log.warn({ err: error }, "database time not read; will retry");
  }
}
