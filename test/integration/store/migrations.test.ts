import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import pg from "pg";
import {
  migrate,
  readMigrations,
  type Migration,
} from "../../../control-plane/src/store/migrate.ts";
import { sharedPostgres, type TestDatabase } from "../../support/postgres.ts";
import { dumpSchema } from "../../support/schemaDump.ts";

const SCHEMA = new URL("../../../migrations/schema.sql", import.meta.url);

describe("migrations", () => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await (await sharedPostgres()).createDatabase("empty");
  });
  afterEach(() => database.drop());

  it("give the schema that is committed as schema.sql (npm run schema writes it)", async () => {
    await migrate(database.url);
    assert.equal(await dumpSchema(database.url), await readFile(SCHEMA, "utf8"));
  });

  it("run in two processes at once and again later, and apply each only once", async () => {
    await Promise.all([migrate(database.url), migrate(database.url)]);
    await migrate(database.url);
    const applied = await query(database.url, "select number from migrations order by number");
    assert.deepEqual(
      applied.map((row) => row["number"]),
      (await readMigrations()).map(({ number }) => number),
    );
  });

  it("refuse a database with a newer breaking migration, and accept a newer one that is not", async () => {
    await migrate(database.url);
    await query(database.url, "insert into migrations values (9998, '9998_kind.sql', false)");
    await migrate(database.url);
    await query(database.url, "insert into migrations values (9999, '9999_hard.sql', true)");
    await assert.rejects(
      migrate(database.url),
      /9999_hard\.sql.*start that version or a later one/,
    );
  });

  it("R35: wait for a held lock without blocking the queries of others, and then apply", async () => {
    const [held, migrations] = await holdLock(database.url);
    try {
      let isDone = false;
      const migrating = migrate(database.url, { migrations }).finally(() => (isDone = true));
      for (let round = 0; round < 5; round += 1) {
        const since = performance.now();
        await query(database.url, "select pg_sleep(0.3), (select count(*) from reservations)");
        assert.ok(performance.now() - since < 3_000, "a query was blocked behind the migration");
      }
      assert.equal(isDone, false);
      await held.query("commit");
      await migrating;
      await query(database.url, "select note from reservations");
    } finally {
      await held.end();
    }
  });

  it("R35: give up with the reason when another transaction never releases its lock", async () => {
    const [held, migrations] = await holdLock(database.url);
    try {
      await assert.rejects(
        migrate(database.url, { migrations, maxLockTries: 2 }),
        /_note\.sql did not get its table locks in 2 attempts.*pg_stat_activity/,
      );
    } finally {
      await held.end();
    }
  });
});

/** A migrated database with a reader of `reservations`, and a migration that must wait for it. */
async function holdLock(url: string): Promise<[pg.Client, Migration[]]> {
  await migrate(url);
  const held = new pg.Client({ connectionString: url });
  await held.connect();
  await held.query("begin; select 1 from reservations");
  const known = await readMigrations();
  const number = known.length + 1;
  const sql = "alter table reservations add column note text";
  return [held, [...known, { number, file: "next_note.sql", sql, breaking: false }]];
}

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}
