import assert from "node:assert/strict";
import {
  inTransaction,
  openDatabase,
  rows,
  type Database,
  type Queryable,
} from "../../../control-plane/src/store/database.ts";
import { withPoolLock } from "../../../control-plane/src/store/planning.ts";
import { createTestDatabase, type TestDatabase } from "../../support/postgres.ts";
import { waitFor } from "../../support/waitFor.ts";

describe("those who wait for each other in the database", () => {
  let testDatabase: TestDatabase;
  let database: Database;
  beforeEach(async () => {
    testDatabase = await createTestDatabase();
    database = openDatabase({ url: testDatabase.url, poolSize: 10 });
    await rows(database, "create table counters (id integer primary key, count integer not null)");
    await rows(database, "insert into counters values (1, 0), (2, 0)");
  });
  afterEach(async () => {
    await database.destroy();
    await testDatabase.drop();
  });

  const add = (db: Queryable, id: number) =>
    rows(db, "update counters set count = count + 1 where id = ?", [id]);
  const counted = () =>
    rows<{ count: number }>(database, "select count from counters order by id").then((found) =>
      found.map(({ count }) => count),
    );
  /** Until so many statements wait for a lock of somebody else. */
  const waiting = (count: number) =>
    waitFor(
      async () => {
        const found = await rows(database, "select 1 from pg_locks where not granted");
        return found.length >= count;
      },
      { describe: `${String(count)} to wait for a lock` },
    );

  it("R10: a transaction that a deadlock ended runs again, and each is done once", async () => {
    const held = {
      first: Promise.withResolvers<undefined>(),
      second: Promise.withResolvers<undefined>(),
    };
    let runs = 0;
    const bothOf = (mine: number, other: number, hold: keyof typeof held) =>
      inTransaction(database, async (trx) => {
        runs += 1;
        await add(trx, mine);
        held[hold].resolve(undefined);
        await held[hold === "first" ? "second" : "first"].promise;
        await add(trx, other);
      });
    await Promise.all([bothOf(1, 2, "first"), bothOf(2, 1, "second")]);
    assert.equal(runs, 3);
    assert.deepEqual(await counted(), [2, 2]);
  });

  it("one pass at a time for each pool, one that waits, and the others have nothing to do", async () => {
    const first = Promise.withResolvers<undefined>();
    const begun: string[] = [];
    const pass = (name: string, until?: Promise<unknown>) =>
      withPoolLock(database, "h100", async (trx) => {
        begun.push(name);
        await until;
        await add(trx, 1);
        return name;
      });
    const one = pass("one", first.promise);
    await waitFor(() => begun.length === 1, { describe: "the first pass to begin" });
    const two = pass("two");
    await waiting(1);
    assert.equal(await pass("three"), undefined);
    assert.deepEqual(begun, ["one"]);
    assert.equal(
      await withPoolLock(database, "a100", () => Promise.resolve("another pool")),
      "another pool",
    );
    first.resolve(undefined);
    assert.deepEqual(await Promise.all([one, two]), ["one", "two"]);
    // Nothing is still held.
    assert.equal(await pass("four"), "four");
    assert.deepEqual(await counted(), [3, 0]);
  });
});
