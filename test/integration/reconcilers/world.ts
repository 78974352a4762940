import type { DiskId, ReservationId, UserId } from "@gpu-dev/shared/ids.ts";
import { pino } from "pino";
import { loadCatalogue } from "../../../control-plane/src/catalogueFile.ts";
import { createKubeCluster } from "../../../control-plane/src/cluster/kubeCluster.ts";
import type { Cluster } from "../../../control-plane/src/cluster/port.ts";
import { claimName } from "../../../control-plane/src/domain/objectNames.ts";
import { firstComePlanner } from "../../../control-plane/src/domain/plan/firstCome.ts";
import type { Attempt, Reservation } from "../../../control-plane/src/domain/reservation.ts";
import { ClusterSteadiness } from "../../../control-plane/src/reconcilers/clusterSteadiness.ts";
import type { ReconcilerContext } from "../../../control-plane/src/reconcilers/context.ts";
import { REGISTRY } from "../../../control-plane/src/reconcilers/registry.ts";
import { attachDisk } from "../../../control-plane/src/store/attachments.ts";
import { listAttempts } from "../../../control-plane/src/store/attempts.ts";
import {
  firstRow,
  openDatabase,
  readDatabaseTime,
  rows,
  type Database,
} from "../../../control-plane/src/store/database.ts";
import { insertDisk, lockDisk } from "../../../control-plane/src/store/disks.ts";
import { ensureInstallation } from "../../../control-plane/src/store/installation.ts";
import type { ReconcilerName } from "../../../control-plane/src/store/jobs.ts";
import {
  findReservation,
  insertReservation,
  lockReservation,
} from "../../../control-plane/src/store/reservations.ts";
import { writeReservation } from "../../../control-plane/src/store/transition.ts";
import { newId } from "../../../control-plane/src/platform/newId.ts";
import { startDevCluster } from "../../../dev-cluster/src/devCluster.ts";
import type { RequestFaults } from "../../../dev-cluster/src/faults/requestFaults.ts";
import {
  createTestDatabase,
  type TestDatabase,
  type TestPostgres,
} from "../../support/postgres.ts";
import { makeTempDir } from "../../support/tempDir.ts";
import { createHandKubelet, type HandKubelet } from "./handKubelet.ts";

export const NAMESPACE = "gpu-dev";

/** Database time that a test moves; it begins at the real one, as the cluster's does. */
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

export interface Asked {
  readonly gpus?: number;
  readonly type?: string;
  readonly seconds?: number;
  readonly disk?: string;
  readonly name?: string;
}

/** Where the world's objects are: dev-cluster, unless the suite has another one. */
interface WorldCluster {
  readonly kubeconfigPath: string;
  /** The kubelet's, which suffers no faults where it need not. */
  readonly kubeconfig: string;
  readonly faults: { readonly requests: RequestFaults };
  stop(): Promise<void>;
}

const hour = 3_600_000;
let startCluster = (dataDir: string): Promise<WorldCluster> =>
  startDevCluster({ dataDir, nodeLeaseMillis: 10 * hour });

/** For suites that run these tests against something else. */
export function useOtherWorldCluster(start: () => Promise<WorldCluster>): void {
  startCluster = start;
}

/** A real database, a real API server, the real adapter and reconcilers, and a kubelet moved by hand. */
export interface World {
  readonly context: ReconcilerContext;
  readonly database: Database;
  readonly databaseUrl: string;
  /** A backup of its database, restored beside it. */
  backup(): Promise<TestDatabase>;
  readonly devCluster: WorldCluster;
  readonly cluster: Cluster;
  readonly clock: SteppedClock;
  readonly kubelet: HandKubelet;
  readonly owner: UserId;
  reserve(asked?: Asked): Promise<ReservationId>;
  cancel(id: ReservationId): Promise<void>;
  reconcile(name: ReconcilerName, key?: string): Promise<void>;
  /** Plans a pool while the cluster creates nothing: what is placed has no object yet. */
  placeOnly(pool?: string): Promise<void>;
  /** Nodes seen, the pool planned, and the reservation taken as far as it goes. */
  advance(id: ReservationId): Promise<Reservation>;
  read(id: ReservationId): Promise<Reservation>;
  attempts(id: ReservationId): Promise<Attempt[]>;
  events(id: ReservationId): Promise<{ type: string; message: string; data: object }[]>;
  queuedJobs(): Promise<string[]>;
  stop(): Promise<void>;
}

/** @param postgres a server of its own, where the test stops it */
export async function startWorld({ postgres }: { postgres?: TestPostgres } = {}): Promise<World> {
  const testDatabase = await (postgres?.createDatabase() ?? createTestDatabase());
  const directory = await makeTempDir("world");
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
    steadiness: new ClusterSteadiness(clock),
    log,
  };
  const owner = newId<UserId>();
  await rows(database, "insert into users (id, name, created_at) values (?, 'ada', now())", [
    owner,
  ]);
  await rows(
    database,
    `insert into ssh_keys (id, user_id, public_key, fingerprint, created_at) values (?, ?, 'ssh-ed25519 AAAA', 'SHA256:x', now())`,
    [newId(), owner],
  );
  const world = {
    context,
    database,
    databaseUrl: testDatabase.url,
    backup: () => testDatabase.copy(),
    devCluster,
    cluster,
    clock,
    owner,
    kubelet: createHandKubelet(devCluster.kubeconfig, NAMESPACE),
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
  return { ...world, ...verbs(world), placeOnly };
}

function verbs({
  context,
  database,
  clock,
  owner,
}: Pick<World, "context" | "database" | "clock" | "owner">) {
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
    reserve: (asked: Asked = {}) => reserve(database, owner, clock.now(), asked),
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
  { gpus = 2, type = "h100", seconds = 3_600, disk, name }: Asked,
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
    const row = { id, ownerId, name: name ?? `r-${id.slice(0, 8)}`, spec, nodeCount: 1, now };
    await insertReservation(trx, row);
    if (disk === undefined) return;
    const there = await lockDisk(trx, ownerId, disk);
    const fresh = newId<DiskId>();
    const made =
      there ??
      (await insertDisk(trx, {
        id: fresh,
        ownerId,
        name: disk,
        sizeGib: 100,
        claimName: claimName(fresh),
        now,
      }));
    if (made) await attachDisk(trx, { diskId: made.id, reservationId: id, now });
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
