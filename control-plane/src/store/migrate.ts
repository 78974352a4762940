import { readdir, readFile } from "node:fs/promises";
import { runMigrations as migrateWorker } from "graphile-worker";
import pg from "pg";
import { setTimeout as pause } from "node:timers/promises";
import { Second } from "@gpu-dev/shared/durations.ts";
import { codeOf } from "@gpu-dev/shared/errors.ts";
import { newId } from "../platform/newId.ts";
import type { Log } from "../platform/logger.ts";
import { firstRow, isDatabaseUnavailable, type Queryable } from "./database.ts";

const DIRECTORY = new URL("../../../migrations/", import.meta.url);
const FILE = /^(\d{4})_[a-z0-9_]+\.sql$/;
/** A migration with this first line makes older code, which does not know it, refuse to run. */
const BREAKING = /^-- breaking\b/;
/** An arbitrary number, the same in every process: concurrent starters wait for each other. */
const LOCK = 7_041_902;
const CONNECT_TIMEOUT_MS = 10 * Second.ms;
const RETRY_MS = Second.ms / 2;
/**
 * A migration that waits for a table lock blocks every later query on that table. It gives up after
 * this time, so that the queries run, and tries again.
 */
const LOCK_TIMEOUT_MS = Second.ms;
const MAX_LOCK_TRIES = 60;
const LOCK_NOT_AVAILABLE = "55P03";

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
 * Brings a database to the newest migration, one transaction each. Running it again, or in two
 * processes at once, is harmless. Throws when the database has a newer migration marked breaking.
 */
export async function migrate(
  url: string,
  {
    migrations,
    maxLockTries = MAX_LOCK_TRIES,
  }: { readonly migrations?: readonly Migration[]; readonly maxLockTries?: number } = {},
): Promise<void> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  });
  await client.connect();
  try {
    await client.query("select pg_advisory_lock($1)", [LOCK]);
    await migrateWorker({ connectionString: url });
    await client.query(`create table if not exists migrations (
      number integer primary key, file text not null, breaking boolean not null, applied_at timestamptz not null default now())`);
    const known = migrations ?? (await readMigrations());
    const applied = await client.query<{ number: number; file: string; breaking: boolean }>(
      "select number, file, breaking from migrations order by number",
    );
    refuseNewer(applied.rows, known);
    for (const migration of known.slice(
      applied.rows.filter((row) => row.number <= known.length).length,
    )) {
      await applyWithRetries(client, migration, maxLockTries);
    }
  } finally {
    await client.end();
  }
}

export interface WaitOptions {
  readonly log: Log;
  /** How long the database may take until it responds for the first time. */
  readonly waitMs: number;
  /** Ends the wait when the process is asked to stop. */
  readonly stopping: AbortSignal | undefined;
}

/**
 * `migrate`, as soon as the database responds: it is often still starting, because both are started
 * together. Throws when it does not respond in time, or when asked to stop before it does.
 */
export async function migrateWhenReady(
  url: string,
  { log, waitMs, stopping }: WaitOptions,
): Promise<void> {
  const deadline = performance.now() + waitMs;
  for (let tries = 1; ; tries += 1) {
    try {
      await migrate(url);
      return;
    } catch (cause) {
      if (!isDatabaseUnavailable(cause)) throw cause;
      if (performance.now() > deadline) {
        throw new Error(
          `PostgreSQL did not respond for ${String(Math.round(waitMs / Second.ms))} s; ` +
            "check that it runs and that DATABASE_URL names it",
          { cause },
        );
      }
      // Logged once: a line per retry would hide other lines.
      if (tries === 1) log.warn({ err: cause, waitMs }, "PostgreSQL does not respond; will retry");
    }
    await pause(RETRY_MS, undefined, { signal: stopping }).catch(() => {
      throw new Error("asked to stop before PostgreSQL responded; nothing was started");
    });
  }
}

/** The id of this installation: created by the first process that starts, then never changed. */
export async function ensureInstallation(db: Queryable): Promise<string> {
  const row = await firstRow<{ id: string }>(
    db,
    `with created as (insert into installation (id) values (?) on conflict do nothing returning id)
     select id from created union all select id from installation limit 1`,
    [newId()],
  );
  if (row) return row.id;
  // Another process inserted it after this statement's snapshot was taken.
  const existing = await firstRow<{ id: string }>(db, "select id from installation");
  if (!existing) throw new Error("insert returned no row");
  return existing.id;
}

function refuseNewer(
  applied: { number: number; file: string; breaking: boolean }[],
  known: readonly Migration[],
): void {
  const newest = known.at(-1)?.number ?? 0;
  const breaking = applied.find((row) => row.number > newest && row.breaking);
  if (breaking) {
    throw new Error(
      `the database was migrated by a newer version (${breaking.file}) that this one cannot work with; start that version or a later one`,
    );
  }
}

/** Retries while another transaction holds a lock that the migration needs. */
async function applyWithRetries(
  client: pg.Client,
  migration: Migration,
  maxTries: number,
): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      await apply(client, migration);
      return;
    } catch (error) {
      if (codeOf(error) !== LOCK_NOT_AVAILABLE) throw error;
      if (tries === maxTries) {
        throw new Error(
          `migration ${migration.file} did not get its table locks in ${String(maxTries)} attempts, ` +
            "because another transaction holds them; end that transaction (see pg_stat_activity) and start again",
          { cause: error },
        );
      }
    }
    await pause(RETRY_MS);
  }
}

async function apply(client: pg.Client, migration: Migration): Promise<void> {
  try {
    await client.query("begin");
    await client.query(`set local lock_timeout = ${String(LOCK_TIMEOUT_MS)}`);
    await client.query(migration.sql);
    await client.query("insert into migrations (number, file, breaking) values ($1, $2, $3)", [
      migration.number,
      migration.file,
      migration.breaking,
    ]);
    await client.query("commit");
  } catch (error) {
    await client.query("rollback");
    throw new Error(`migration ${migration.file} failed and was rolled back`, {
      cause: error,
    });
  }
}
