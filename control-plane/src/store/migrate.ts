import { readdir, readFile } from "node:fs/promises";
import { runMigrations as migrateWorker } from "graphile-worker";
import pg from "pg";

const DIRECTORY = new URL("../../../migrations/", import.meta.url);
const FILE = /^(\d{4})_[a-z0-9_]+\.sql$/;
/** A migration whose first line says so makes code that does not know it refuse to run. */
const BREAKING = /^-- breaking\b/;
/** Any number, the same in every process: starters that race wait for one another. */
const LOCK = 7_041_902;

export interface Migration {
  readonly number: number;
  readonly file: string;
  readonly sql: string;
  readonly breaking: boolean;
}

export async function readMigrations(): Promise<Migration[]> {
  const files = (await readdir(DIRECTORY)).filter((file) => FILE.test(file)).sort();
  return Promise.all(
    files.map(async (file) => {
      const sql = await readFile(new URL(file, DIRECTORY), "utf8");
      return { number: Number(file.slice(0, 4)), file, sql, breaking: BREAKING.test(sql) };
    }),
  );
}

/**
 * Brings a database to the newest migration, one transaction each; running it twice, or in two processes at
 * once, changes nothing more. Throws when the database carries a newer migration marked breaking.
 */
export async function migrate(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  await client.connect();
  try {
    await client.query("select pg_advisory_lock($1)", [LOCK]);
    await migrateWorker({ connectionString: url });
    await client.query(`create table if not exists migrations (
      number integer primary key, file text not null, breaking boolean not null, applied_at timestamptz not null default now())`);
    const known = await readMigrations();
    const applied = await client.query<{ number: number; file: string; breaking: boolean }>(
      "select number, file, breaking from migrations order by number",
    );
    refuseNewer(applied.rows, known);
    for (const migration of known.slice(
      applied.rows.filter((row) => row.number <= known.length).length,
    )) {
      await apply(client, migration);
    }
  } finally {
    await client.end();
  }
}

function refuseNewer(
  applied: { number: number; file: string; breaking: boolean }[],
  known: Migration[],
): void {
  const newest = known.at(-1)?.number ?? 0;
  const breaking = applied.find((row) => row.number > newest && row.breaking);
  if (breaking) {
    throw new Error(
      `the database was migrated by a newer version (${breaking.file}) that this one cannot work with; start that version or a later one`,
    );
  }
}

async function apply(client: pg.Client, migration: Migration): Promise<void> {
  try {
    await client.query("begin");
    await client.query(migration.sql);
    await client.query("insert into migrations (number, file, breaking) values ($1, $2, $3)", [
      migration.number,
      migration.file,
      migration.breaking,
    ]);
    await client.query("commit");
  } catch (error) {
    await client.query("rollback");
    throw new Error(`migration ${migration.file} failed; nothing of it was applied`, {
      cause: error,
    });
  }
}
