import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import pg from "pg";
import { Hour, Minute } from "@gpu-dev/shared/durations.ts";
import type { DiskId, ReservationId, TokenId, UserId } from "@gpu-dev/shared/ids.ts";
import { LIVE, RESERVATION_STATES } from "@gpu-dev/shared/states.ts";
import { listAttempts, listHoldingPods } from "../../../control-plane/src/store/attempts.ts";
import { openDatabase, type Database } from "../../../control-plane/src/store/database.ts";
import { findAttachedDisk, findHolder, listDisks } from "../../../control-plane/src/store/disks.ts";
import {
  countRestarts,
  isCursorKept,
  listReservationEvents,
  readEventsAfter,
} from "../../../control-plane/src/store/events.ts";
import { findKnownOwners } from "../../../control-plane/src/store/garbage.ts";
import { listQueues, readPools } from "../../../control-plane/src/store/planning.ts";
import {
  countLiveByState,
  findView,
  listLive,
  listLiveNames,
  listReachable,
  listViews,
} from "../../../control-plane/src/store/reservationQueries.ts";
import { findReservation } from "../../../control-plane/src/store/reservations.ts";
import { findTokenByHash, listInvalidTokens } from "../../../control-plane/src/store/tokens.ts";
import { createLargeFleet, LARGE_FLEET } from "../../support/largeFleet.ts";
import type { OwnDatabase } from "../../support/postgres.ts";
import { explainStatements } from "../../support/queryPlans.ts";

/** Tables that grow with history: no hot query reads one of them from beginning to end. */
const HISTORY = ["reservations", "attempts", "attachments", "events", "audit", "idempotency_keys"];

const USER = "0000000000000007" as UserId;
const LIVE_ID = "5000000000000007" as ReservationId;
const ENDED = "4000000000000006" as ReservationId;
const DISK = "3000000000000008" as DiskId;
const TOKEN = "1000000000000007" as TokenId;
const POOLS = ["h100", "h200", "b200", "a100", "t4"];

interface HotQuery {
  readonly name: string;
  /** What the statements may read, in rows: about what they return. */
  readonly maxRows: number;
  readonly run: (db: Database) => Promise<unknown>;
}

const viewer = { userId: USER, everyone: false };
const page = { ownerId: USER, name: undefined, before: undefined, limit: 50 };

const HOT_QUERIES: readonly HotQuery[] = [
  {
    name: "the token of a request",
    maxRows: 2,
    run: (db) => findTokenByHash(db, createHash("sha256").update("token7").digest()),
  },
  {
    name: "the tokens of open streams",
    maxRows: 10,
    run: (db) => listInvalidTokens(db, [TOKEN], new Date()),
  },
  { name: "one reservation", maxRows: 10, run: (db) => findView(db, viewer, LIVE_ID) },
  {
    name: "a page of a user's reservations",
    maxRows: 400,
    run: (db) => listViews(db, { ...page, states: RESERVATION_STATES }),
  },
  {
    name: "a user's live reservations",
    maxRows: 100,
    run: (db) => listViews(db, { ...page, states: LIVE }),
  },
  {
    name: "a user's live reservation by name",
    maxRows: 100,
    run: (db) => listViews(db, { ...page, states: LIVE, name: "live-6" }),
  },
  { name: "the names of live reservations", maxRows: 20, run: (db) => listLiveNames(db, USER) },
  {
    name: "the reservations whose keys change",
    maxRows: 20,
    run: (db) => listReachable(db, USER),
  },
  { name: "a user's disks", maxRows: 10, run: (db) => listDisks(db, USER) },
  { name: "the holder of a disk", maxRows: 5, run: (db) => findHolder(db, DISK) },
  { name: "the disk of a reservation", maxRows: 5, run: (db) => findAttachedDisk(db, LIVE_ID) },
  { name: "the row of a reservation", maxRows: 2, run: (db) => findReservation(db, LIVE_ID) },
  { name: "the attempts of a reservation", maxRows: 4, run: (db) => listAttempts(db, LIVE_ID) },
  {
    name: "the restarts of a reservation",
    maxRows: 30,
    run: (db) => countRestarts(db, ENDED, new Date(0)),
  },
  {
    name: "a timeline",
    maxRows: 40,
    run: (db) => listReservationEvents(db, { reservationId: ENDED, after: undefined, limit: 100 }),
  },
  {
    name: "the events of all streams",
    maxRows: 250,
    run: (db) =>
      readEventsAfter(db, { after: { xid: "10", id: 0 }, ownerId: undefined, limit: 100 }),
  },
  {
    name: "the events that a stream missed since an old cursor",
    maxRows: 250,
    run: (db) => readEventsAfter(db, { after: { xid: "10", id: 0 }, ownerId: USER, limit: 100 }),
  },
  {
    name: "whether a cursor is kept",
    maxRows: 10,
    run: (db) => isCursorKept(db, { xid: "10", id: 0 }, new Date(0)),
  },
  {
    name: "the input of a plan",
    maxRows: 2 * (LARGE_FLEET.nodes + 2 * LARGE_FLEET.live),
    run: (db) => readPools(db, POOLS),
  },
  {
    name: "the queue of a type",
    maxRows: 2 * (LARGE_FLEET.live + LARGE_FLEET.queued),
    run: (db) => listQueues(db, ["h100"]),
  },
  {
    name: "the pods that hold units",
    maxRows: 2 * LARGE_FLEET.live,
    run: (db) => listHoldingPods(db, new Date(Date.now() - Hour.ms)),
  },
  {
    name: "the live reservations of a resync",
    maxRows: 4 * (LARGE_FLEET.live + LARGE_FLEET.queued),
    run: (db) => listLive(db, { now: new Date(), queuedSince: new Date(0) }),
  },
  {
    name: "the live reservations by state",
    maxRows: LARGE_FLEET.live + LARGE_FLEET.queued,
    run: (db) => countLiveByState(db),
  },
  {
    name: "the owners of objects",
    maxRows: 10,
    run: (db) => findKnownOwners(db, [`gd-${LIVE_ID}-0-1`], [LIVE_ID]),
  },
];

describe("hot queries on a large fleet", function () {
  this.timeout("5 minutes");
  let database: OwnDatabase;
  let db: Database;
  let client: pg.Client;

  before(async () => {
    database = await createLargeFleet();
    db = openDatabase({ url: database.url, poolSize: 2, statementTimeoutMs: Minute.ms });
    client = new pg.Client({ connectionString: database.url });
    await client.connect();
  });
  after(async () => {
    await client.end();
    await db.destroy();
    await database.drop();
  });

  for (const { name, maxRows, run } of HOT_QUERIES) {
    it(`read about the rows that they return: ${name}`, async () => {
      const plans = await explainStatements(db, client, () => run(db));
      assert.notEqual(plans.length, 0, "the query ran no statement");
      const explanation = plans.map((plan) => `${plan.sql}\n${plan.text}`).join("\n");
      const scanned = plans.flatMap((plan) => plan.sequentialScans);
      assert.deepEqual(
        scanned.filter((table) => HISTORY.includes(table)),
        [],
        `sequential scans over history:\n${explanation}`,
      );
      const rowsRead = plans.reduce((sum, plan) => sum + plan.rowsRead, 0);
      assert.ok(rowsRead <= maxRows, `${String(rowsRead)} rows were read:\n${explanation}`);
    });
  }
});
