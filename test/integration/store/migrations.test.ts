import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import pg from "pg";
import { migrate, readMigrations } from "../../../control-plane/src/store/migrate.ts";
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
});

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}
