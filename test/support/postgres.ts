import { randomBytes } from "node:crypto";
import { chmod } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { postgresAccount } from "../../local/src/postgres/account.ts";
import { preparePostgres, type PostgresServer } from "../../local/src/postgres/server.ts";
import { makeTempDir } from "./tempDir.ts";

const TEMPLATE = "template_migrated";

export interface TestDatabase {
  /** The connection string, including the password. */
  readonly url: string;
  /** Drops the database, and ends its open sessions first. */
  drop(): Promise<void>;
}

export interface OwnDatabase extends TestDatabase {
  /** Copies the database, as restoring a backup does, and ends its open sessions first. */
  copy(): Promise<OwnDatabase>;
}

export interface TestPostgres {
  readonly server: PostgresServer;
  /** Creates an empty database, or one with all migrations applied. */
  createDatabase(kind?: "migrated" | "empty"): Promise<OwnDatabase>;
  /** Ends the server and deletes its data. */
  remove(): Promise<void>;
}

let shared: Promise<TestPostgres> | null = null;

/** Creates a database with all migrations applied, on the server that this mocha run shares. */
export async function createTestDatabase(): Promise<OwnDatabase> {
  return (await sharedPostgres()).createDatabase();
}

/**
 * The server that this mocha run shares, started at first use. A test that stops its server uses
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
 * Starts a private server that a test can stop (`server.stop()`) and start again
 * (`server.start()`, same port and data). With `durable`, committed data survives a crash, as it
 * does by default in PostgreSQL.
 */
export async function startTestPostgres({ durable = false } = {}): Promise<TestPostgres> {
  const dir = await makeTempDir("postgres");
  // The account of PostgreSQL must be able to enter; the folders inside are private to it.
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
  // Imported only here, because tests of an empty database must not depend on the control plane.
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
