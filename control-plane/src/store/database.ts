import { createHash } from "node:crypto";
import knex, { type Knex } from "knex";
import pg from "pg";

// Counts and ids fit a number; timestamps stay Dates.
pg.types.setTypeParser(pg.types.builtins.INT8, Number);

/** The value of every `cluster` column: one control plane serves one cluster so far. */
export const CLUSTER = "default";

/** A pool (`Knex`) or a transaction (`Knex.Transaction`): every store function takes one of them first. */
export type Database = Knex;
export type Transaction = Knex.Transaction;
/** For statements that may run inside or outside a transaction. */
export type Queryable = Knex | Knex.Transaction;

export interface DatabaseOptions {
  readonly url: string;
  readonly poolSize: number;
  /** Milliseconds that a statement may run before the server cancels it. */
  readonly statementTimeoutMs?: number;
}

/** Opens a pool. Nothing connects before the first statement; `destroy()` closes it. */
export function openDatabase({
  url,
  poolSize,
  statementTimeoutMs = 10_000,
}: DatabaseOptions): Database {
  const connection: Knex.PgConnectionConfig & { readonly pipeline: boolean } = {
    connectionString: url,
    application_name: "gpu-dev-control-plane",
    connectionTimeoutMillis: 5_000,
    statement_timeout: statementTimeoutMs,
    idle_in_transaction_session_timeout: 15_000,
    keepAlive: true,
    // What a transaction asks without waiting for an answer goes out at once, and is done in that order.
    pipeline: true,
  };
  return knex({
    client: "pg",
    // knex prints to the console what it also throws; the caller logs it, once and as JSON.
    log: { warn: ignore, error: ignore, deprecate: ignore, debug: ignore },
    connection,
    pool: { min: 0, max: poolSize, idleTimeoutMillis: 30_000, acquireTimeoutMillis: 5_000 },
    acquireConnectionTimeout: 5_000,
  });
}

function ignore(): void {
  // The caller is told by the exception.
}

/** Runs `work` in one transaction. It may run more than once, see `untilNoDeadlock`, so it does nothing but write there. */
export function inTransaction<Result>(
  db: Database,
  work: (trx: Transaction) => Promise<Result>,
): Promise<Result> {
  return untilNoDeadlock(() => db.transaction(work));
}

const TRIES = 5;

/**
 * PostgreSQL ends one of those that wait for each other, and undoes what it did: that one does it again. Jobs are why
 * it happens: we queue many in one transaction, and the queue takes many away in one, in whatever order.
 */
export async function untilNoDeadlock<Result>(work: () => Promise<Result>): Promise<Result> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      if (!isDeadlock(error) || tries === TRIES) throw error;
    }
  }
}

/** SQLSTATE 40P01. */
function isDeadlock(error: unknown): boolean {
  return error instanceof Error && (error as { code?: unknown }).code === "40P01";
}

/**
 * Rows of one raw statement. Every statement of the store goes through here. Each connection has PostgreSQL read and plan a
 * text once, so that texts are few and bindings carry what differs; what they answer is listed column by column, since a
 * prepared `*` fails when a migration adds one.
 */
export async function rows<Row>(
  db: Queryable,
  sql: string,
  bindings: Knex.RawBinding[] | Knex.ValueDict = [],
): Promise<Row[]> {
  const result = await db.raw<{ rows: Row[] }>(sql, bindings).options({ name: nameOf(sql) });
  return result.rows;
}

const names = new Map<string, string>();

function nameOf(sql: string): string {
  let name = names.get(sql);
  if (name === undefined) {
    name = createHash("sha256").update(sql).digest("base64url");
    names.set(sql, name);
  }
  return name;
}

export async function firstRow<Row>(
  db: Queryable,
  sql: string,
  bindings: Knex.RawBinding[] | Knex.ValueDict = [],
): Promise<Row | undefined> {
  return (await rows<Row>(db, sql, bindings))[0];
}

/** The database's own clock, not this machine's. */
export async function readDatabaseTime(db: Queryable): Promise<Date> {
  const row = await firstRow<{ now: Date }>(db, "select clock_timestamp() as now");
  if (!row) throw new Error("the database did not answer its time");
  return row.now;
}

/** Connection class of errors (SQLSTATE 08, 57P, 53) and socket failures: the database is away, not the request wrong. */
export function isDatabaseAway(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const code = (cause as { code?: unknown }).code;
    if (
      typeof code === "string" &&
      /^(?:08|57P|53)|^(?:ECONN|EPIPE|ETIMEDOUT|ENOENT$|ENOTFOUND|EAI_)/.test(code)
    )
      return true;
    if (
      /Connection terminated|not queryable|timeout acquiring a connection|Timeout acquiring|connection timeout/i.test(
        cause.message,
      )
    )
      return true;
  }
  return false;
}
