import { randomBytes } from "node:crypto";
import { chmod } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { postgresAccount } from "../../local/src/postgres/account.ts";
import { preparePostgres, type PostgresServer } from "../../local/src/postgres/server.ts";
import { makeTempDir } from "./tempDir.ts";

const TEMPLATE = "template_migrated";

export interface TestDatabase {
  /** Connection string, password included. */
  readonly url: string;
  /** Ends its open sessions and drops it. */
  drop(): Promise<void>;
}

export interface OwnDatabase extends TestDatabase {
  /** Copies the database, as a restored backup would. Ends its open sessions. */
  copy(): Promise<OwnDatabase>;
}

export interface TestPostgres {
  readonly server: PostgresServer;
  /** An empty database, or one with all migrations applied. */
  createDatabase(kind?: "migrated" | "empty"): Promise<OwnDatabase>;
  /** Ends the server and deletes its data. */
  remove(): Promise<void>;
}

let shared: Promise<TestPostgres> | null = null;

/** A database with all migrations applied, on the server that this mocha run shares. */
export async function createTestDatabase(): Promise<OwnDatabase> {
  return (await sharedPostgres()).createDatabase();
}

/**
 * The server that this mocha run shares, started at first use. To stop one, use
 * `startTestPostgres`.
 */
export function sharedPostgres(): Promise<TestPostgres> {
  shared ??= startTestPostgres();
  return shared;
}

export async function removeSharedPostgres(): Promise<void> {
  const running = shared;
  shared = null;
  if (running) await (await running).remove();
}

/**
 * A private server that a test can stop (`server.stop()`) and start again (`server.start()`, same
 * port and data). `durable` keeps committed data through a crash, as PostgreSQL does by default.
 */
export async function startTestPostgres({ durable = false } = {}): Promise<TestPostgres> {
  const dir = await makeTempDir("postgres");
  // PostgreSQL's account must pass through; the folders inside are private to it.
  await chmod(dir.path, 0o711);
  const server = await preparePostgres({
    account: await postgresAccount(),
    home: join(dir.path, "postgres"),
    copyBinariesTo: dir.path,
    logFile: join(dir.path, "postgres.log"),
    fsync: durable,
  });
  await server.start();
  let template: Promise<void> | null = null;
  return {
    server,
    createDatabase: async (kind = "migrated") => {
      if (kind === "migrated") await (template ??= migrateTemplate(server));
      return cloneDatabase(server, kind === "migrated" ? TEMPLATE : "template1");
    },
    remove: async () => {
      await server.stop("immediate");
      await dir.remove();
    },
  };
}

async function migrateTemplate(server: PostgresServer): Promise<void> {
  // Imported late: tests of an empty database must not depend on the control plane.
  const { migrate } = await import("../../control-plane/src/store/migrate.ts");
  await administer(server, `create database ${TEMPLATE}`);
  await migrate(server.url(TEMPLATE));
}

async function cloneDatabase(server: PostgresServer, template: string): Promise<OwnDatabase> {
  const name = `test_${randomBytes(6).toString("hex")}`;
  await administer(server, `create database ${name} template ${template}`);
  return {
    url: server.url(name),
    copy: async () => {
      const end = `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}'`;
      await administer(server, end);
      return cloneDatabase(server, name);
    },
    drop: () => administer(server, `drop database if exists ${name} with (force)`),
  };
}

async function administer(server: PostgresServer, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: server.url() });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
