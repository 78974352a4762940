import { Hour } from "@gpu-dev/shared/durations.ts";
import type { DiskId, ReservationId, UserId } from "@gpu-dev/shared/ids.ts";
import { pino } from "pino";
import { loadCatalogue } from "../../../control-plane/src/catalogueFile.ts";
import { createKubeCluster } from "../../../control-plane/src/cluster/kubeCluster.ts";
import type { Cluster } from "../../../control-plane/src/cluster/port.ts";
import {
  claimName,
  type Attempt,
  type Reservation,
} from "../../../control-plane/src/domain/reservation.ts";
import { firstComePlanner } from "../../../control-plane/src/domain/plan/firstCome.ts";
import { createClusterAvailability } from "../../../control-plane/src/reconcilers/clusterAvailability.ts";
import type { ReconcilerContext } from "../../../control-plane/src/reconcilers/context.ts";
import { REGISTRY } from "../../../control-plane/src/reconcilers/registry.ts";
import { attachDisk, insertDisk, lockDisk } from "../../../control-plane/src/store/disks.ts";
import { listAttempts } from "../../../control-plane/src/store/attempts.ts";
import {
  firstRow,
  openDatabase,
  readDatabaseTime,
  rows,
  type Database,
} from "../../../control-plane/src/store/database.ts";
import { ensureInstallation } from "../../../control-plane/src/store/migrate.ts";
import type { ReconcilerName } from "../../../control-plane/src/store/jobs.ts";
import {
  findReservation,
  insertReservation,
  lockReservation,
} from "../../../control-plane/src/store/reservations.ts";
import { writeReservation } from "../../../control-plane/src/store/transition.ts";
import {
  createMetricsRegistry,
  createReconcilerMetrics,
} from "../../../control-plane/src/platform/metrics.ts";
import { newId } from "../../../control-plane/src/platform/newId.ts";
import { startDevCluster } from "../../../dev-cluster/src/devCluster.ts";
import type { RequestFaults } from "../../../dev-cluster/src/faults/requestFaults.ts";
import {
  createTestDatabase,
  type TestDatabase,
  type TestPostgres,
} from "../../support/postgres.ts";
import { makeTempDir } from "../../support/tempDir.ts";
import { createManualKubelet, type ManualKubelet } from "./manualKubelet.ts";

export const NAMESPACE = "gpu-dev";

/** Database time that a test moves. It starts at the real time, like the cluster's. */
export class SteppedClock {
  #now: number;
  constructor(start: Date) {
    this.#now = start.getTime();
  }
  now(): Date {
    return new Date(this.#now);
  }
  step(milliseconds: number): void {
    this.#now += milliseconds;
  }
}

export interface RequestOptions {
  readonly gpus?: number;
  /** Members, each with `gpus` divided by their count. */
  readonly nodes?: number;
  readonly type?: string;
  readonly seconds?: number;
  readonly disk?: string;
  readonly name?: string;
}

/** The cluster of a fixture: dev-cluster, unless the suite uses another one. */
interface FixtureCluster {
  readonly kubeconfigPath: string;
  /** For the kubelet: without injected faults where possible. */
  readonly kubeconfig: string;
  readonly faults: { readonly requests: RequestFaults };
  stop(): Promise<void>;
}

let startCluster = (dataDir: string): Promise<FixtureCluster> =>
  startDevCluster({ dataDir, nodeLeaseMs: 10 * Hour.ms });

/** For suites that run these tests against another cluster. */
export function useFixtureCluster(start: () => Promise<FixtureCluster>): void {
  startCluster = start;
}

/**
 * A real database, a real API server, the real adapter and reconcilers, and a kubelet that the test
 * controls.
 */
export interface Fixture {
  readonly context: ReconcilerContext;
  readonly database: Database;
  readonly databaseUrl: string;
  /** A copy of its database, as restored from a backup. */
  backup(): Promise<TestDatabase>;
  readonly devCluster: FixtureCluster;
  readonly cluster: Cluster;
  readonly clock: SteppedClock;
  readonly kubelet: ManualKubelet;
  readonly owner: UserId;
  reserve(request?: RequestOptions): Promise<ReservationId>;
  cancel(id: ReservationId): Promise<void>;
  reconcile(name: ReconcilerName, key?: string): Promise<void>;
  /** Plans a pool while creates fail: what is placed has no object yet. */
  placeOnly(pool?: string): Promise<void>;
  /** Reads the nodes, plans the pool, and takes the reservation as far as it goes. */
  advance(id: ReservationId): Promise<Reservation>;
  read(id: ReservationId): Promise<Reservation>;
  attempts(id: ReservationId): Promise<Attempt[]>;
  events(id: ReservationId): Promise<{ type: string; message: string; data: object }[]>;
  queuedJobs(): Promise<string[]>;
  stop(): Promise<void>;
}

/** @param postgres a separate server, for tests that stop it */
export async function startFixture({
  postgres,
}: { postgres?: TestPostgres } = {}): Promise<Fixture> {
  const testDatabase = await (postgres?.createDatabase() ?? createTestDatabase());
  const directory = await makeTempDir("fixture");
  const devCluster = await startCluster(directory.path);
  const database = openDatabase({ url: testDatabase.url, poolSize: 10 });
  const clock = new SteppedClock(await readDatabaseTime(database));
  const catalogue = await loadCatalogue();
  const installation = await ensureInstallation(database);
  const log = pino({ level: process.env["TEST_LOG"] ?? "silent" });
  const cluster = createKubeCluster({
    kubeconfigPath: devCluster.kubeconfigPath,
    namespace: NAMESPACE,
    installation,
    catalogue,
    clock,
    sshServerImage: "ghcr.io/gpu-dev/ssh-server:latest",
    log,
  });
  const context: ReconcilerContext = {
    database,
    cluster,
    clock,
    catalogue,
    installation,
    planner: firstComePlanner,
    startReservation: REGISTRY.reservation,
    availability: createClusterAvailability(clock),
    metrics: createReconcilerMetrics(createMetricsRegistry()),
    log,
  };
  const owner = newId<UserId>();
  await rows(database, "insert into users (id, name, created_at) values (?, 'ada', now())", [
    owner,
  ]);
  await rows(
    database,
    "insert into identities (provider, subject, user_id, created_at) values ('development', 'ada', ?, now())",
    [owner],
  );
  await rows(
    database,
    `insert into ssh_keys (id, user_id, public_key, fingerprint, created_at) values (?, ?, 'ssh-ed25519 AAAA', 'SHA256:x', now())`,
    [newId(), owner],
  );
  const fixture = {
    context,
    database,
    databaseUrl: testDatabase.url,
    backup: () => testDatabase.copy(),
    devCluster,
    cluster,
    clock,
    owner,
    kubelet: createManualKubelet(devCluster.kubeconfig, NAMESPACE),
    stop: async () => {
      cluster.close();
      await database.destroy();
      await devCluster.stop();
      await testDatabase.drop();
      await directory.remove();
    },
  };
  const placeOnly = async (pool = "h100") => {
    const { requests } = devCluster.faults;
    requests.add({ id: "no-creates", match: { verb: "create" }, effect: { status: 503 } });
    await REGISTRY.plan(context, pool);
    requests.remove("no-creates");
  };
  return { ...fixture, ...verbs(fixture), placeOnly };
}

function verbs({
  context,
  database,
  clock,
  owner,
}: Pick<Fixture, "context" | "database" | "clock" | "owner">) {
  const read = async (id: ReservationId) => {
    const row = await findReservation(database, id);
    if (!row) throw new Error(`no reservation ${id}`);
    return row;
  };
  const reconcile = async (name: ReconcilerName, key = "default") => {
    await REGISTRY[name](context, key);
  };
  return {
    read,
    reconcile,
    reserve: (request: RequestOptions = {}) => reserve(database, owner, clock.now(), request),
    cancel: async (id: ReservationId) => {
      await database.transaction(async (trx) => {
        const row = await lockReservation(trx, id);
        const now = clock.now();
        if (row) await writeReservation(trx, row, { patch: { cancelRequestedAt: now }, now });
      });
    },
    advance: async (id: ReservationId) => {
      const { gpuType } = await read(id);
      await reconcile("capacity");
      await reconcile("plan", gpuType);
      await reconcile("reservation", id);
      return read(id);
    },
    attempts: (id: ReservationId) => listAttempts(database, id),
    events: (id: ReservationId) =>
      rows<{ type: string; message: string; data: object }>(
        database,
        "select type, message, data from events where reservation_id = ? order by id",
        [id],
      ),
    queuedJobs: async () => {
      const jobs = await rows<{ key: string }>(
        database,
        "select key from graphile_worker.jobs where key is not null order by key",
      );
      return jobs.map((job) => job.key);
    },
  };
}

async function reserve(
  database: Database,
  ownerId: UserId,
  now: Date,
  { gpus = 2, nodes = 1, type = "h100", seconds = 3_600, disk, name }: RequestOptions,
): Promise<ReservationId> {
  const id = newId<ReservationId>();
  await database.transaction(async (trx) => {
    const spec = {
      gpuType: type,
      gpus,
      durationSeconds: seconds,
      disk: disk ?? null,
      image: null,
      labels: {},
    };
    const row = { id, ownerId, name: name ?? `r-${id.slice(0, 8)}`, spec, nodeCount: nodes, now };
    await insertReservation(trx, row);
    if (disk === undefined) return;
    const existing = await lockDisk(trx, ownerId, disk);
    const diskId = newId<DiskId>();
    const held =
      existing ??
      (await insertDisk(trx, {
        id: diskId,
        ownerId,
        name: disk,
        sizeGib: 100,
        claimName: claimName(diskId),
        now,
      }));
    if (held) await attachDisk(trx, { diskId: held.id, reservationId: id, now });
  });
  return id;
}

/** One value of one row. */
export async function scalar<Value>(
  database: Database,
  sql: string,
  bindings: (string | number | Date)[] = [],
): Promise<Value> {
  const row = await firstRow<{ value: Value }>(database, sql, bindings);
  if (!row) throw new Error("no row");
  return row.value;
}
