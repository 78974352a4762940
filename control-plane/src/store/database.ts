import { createHash } from "node:crypto";
import knex, { type Knex } from "knex";
import pg from "pg";
import { Second } from "@gpu-dev/shared/durations.ts";
import { causesOf } from "@gpu-dev/shared/errors.ts";

// Counts and ids fit a number; timestamps stay Dates.
pg.types.setTypeParser(pg.types.builtins.INT8, Number);

/** The value of every `cluster` column: one control plane serves one cluster so far. */
export const CLUSTER = "default";

/** Every store function takes a pool (`Knex`) or a transaction (`Knex.Transaction`) first. */
export type Database = Knex;
export type Transaction = Knex.Transaction;
/** For statements that may run inside or outside a transaction. */
export type Queryable = Knex | Knex.Transaction;

export interface DatabaseOptions {
  readonly url: string;
  readonly poolSize: number;
  /** The server cancels a statement that runs longer. */
  readonly statementTimeoutMs?: number;
}

/** Opens a pool. Nothing connects before the first statement; `destroy()` closes it. */
export function openDatabase({
  url,
  poolSize,
  statementTimeoutMs = 10 * Second.ms,
}: DatabaseOptions): Database {
  const connection: Knex.PgConnectionConfig & { readonly pipeline: boolean } = {
    connectionString: url,
    application_name: "gpu-dev-control-plane",
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: statementTimeoutMs,
    // For a server that no longer responds, which cancels nothing.
    query_timeout: statementTimeoutMs + QUERY_GRACE_MS,
    idle_in_transaction_session_timeout: 15 * Second.ms,
    keepAlive: true,
    keepAliveInitialDelayMillis: PROBE_AFTER_MS,
    // See `pipelined`.
    pipeline: true,
  };
  return knex({
    client: "pg",
    // knex also prints the errors that it throws; the caller logs them once, as JSON.
    log: { warn: ignore, error: ignore, deprecate: ignore, debug: ignore },
    connection,
    pool: {
      min: 0,
      max: poolSize,
      idleTimeoutMillis: 30 * Second.ms,
      acquireTimeoutMillis: CONNECT_TIMEOUT_MS,
      afterCreate: (connection: PooledConnection, done: (error: unknown, own: unknown) => void) => {
        discardWhenUnusable(connection);
        done(undefined, connection);
      },
    },
    acquireConnectionTimeout: CONNECT_TIMEOUT_MS,
  });
}

const CONNECT_TIMEOUT_MS = 5 * Second.ms;
/** The time for the server's own timeout to reach the client. */
const QUERY_GRACE_MS = 2 * Second.ms;
/** How long readiness waits for a response. */
const PING_TIMEOUT_MS = 2 * Second.ms;
/** Keepalive probes detect a dead connection, instead of the system's default of two hours. */
const PROBE_AFTER_MS = 10 * Second.ms;

/** What pg and knex do not declare of a connection of the pool. */
interface PooledConnection {
  query(config: unknown, callback: (error: unknown, result: unknown) => void): unknown;
  readonly connection: { readonly stream: { destroy(): void } };
  /** knex gives a connection with this mark to no further caller, and closes it. */
  __knex__disposed?: unknown;
}

/**
 * A connection whose server did not respond in time is closed at once, because later statements
 * would wait behind the one that hangs. One whose server takes no writes, or ends the session, is
 * not used again: after a failover a new connection reaches the new primary.
 */
function discardWhenUnusable(connection: PooledConnection): void {
  const query = connection.query.bind(connection);
  connection.query = (config, callback) =>
    query(config, (error, result) => {
      if (error instanceof Error && isDatabaseUnavailable(error)) {
        connection.__knex__disposed = error;
        if (error.message.endsWith(QUERY_TIMEOUT)) connection.connection.stream.destroy();
      }
      callback(error, result);
    });
}

function ignore(): void {
  // The exception informs the caller.
}

/**
 * Runs `work` in one transaction. It may run more than once (see `retryOnDeadlock`), so it must
 * have no effect other than its writes.
 */
export function inTransaction<Result>(
  db: Database,
  work: (trx: Transaction) => Promise<Result>,
): Promise<Result> {
  return retryOnDeadlock(() => db.transaction(work));
}

type Results<Statements extends readonly unknown[]> = {
  -readonly [Index in keyof Statements]: Awaited<Statements[Index]>;
};

/**
 * Several statements of one transaction, in one round trip. A transaction has one connection, and
 * pg's pipeline mode sends on it what is not awaited yet, so PostgreSQL executes the statements one
 * after the other, in the order of the list. If an entry has several statements, only its first one
 * has that place; the others follow later. The first failure rejects the promise; the statements
 * after it fail too, because PostgreSQL has aborted the transaction.
 */
export async function pipelined<const Statements extends readonly unknown[]>(
  trx: Transaction,
  statements: Statements,
): Promise<Results<Statements>> {
  if (trx.isTransaction !== true) {
    throw new Error("only the statements of one transaction have an order; await these one by one");
  }
  return Promise.all(statements);
}

const MAX_TRIES = 5;

/**
 * Runs work again when PostgreSQL rolls it back to resolve a deadlock. Job rows cause deadlocks:
 * one transaction inserts many of them, and the queue locks many of them in any order.
 */
export async function retryOnDeadlock<Result>(work: () => Promise<Result>): Promise<Result> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      if (!isDeadlock(error) || tries === MAX_TRIES) throw error;
    }
  }
}

/** SQLSTATE 40P01. */
function isDeadlock(error: unknown): boolean {
  return error instanceof Error && (error as { code?: unknown }).code === "40P01";
}

/** The values of a statement; undefined is sent as null. */
type Bindings =
  | readonly (Knex.RawBinding | undefined)[]
  | Readonly<Record<string, Knex.ValueDict[string] | undefined>>;

/** A row, or an object in a JSON column, as SQL returns it: null where the code has undefined. */
export type SqlObject<Value> = {
  readonly [Key in keyof Value]: undefined extends Value[Key]
    ? Exclude<Value[Key], undefined> | null
    : Value[Key];
};

/**
 * Rows of one raw statement. Every statement of the store goes through here. Each connection
 * prepares each SQL text once, so texts are constant and values are bindings. Columns are listed by
 * name, because a prepared `*` fails after a migration adds a column.
 *
 * A column that is null is undefined in the row, so `Row` states `| undefined` for it. The contents
 * of a JSON column are not converted; the query function does that with `fromSql`.
 */
export async function rows<Row extends object>(
  db: Queryable,
  sql: string,
  bindings: Bindings = [],
): Promise<Row[]> {
  const result = await db
    .raw<{ rows: SqlObject<Row>[] }>(sql, toSql(bindings))
    .options({ name: nameOf(sql) });
  return result.rows.map((row) => fromSql<Row>(row));
}

/** Converts nulls to undefined, in place: the object was just read and is not shared. */
export function fromSql<Value extends object>(object: SqlObject<Value>): Value {
  const values = object as Record<string, unknown>;
  for (const key of Object.keys(values)) {
    if (values[key] === null) values[key] = undefined;
  }
  return values as Value;
}

/** knex rejects undefined. */
function toSql(bindings: Bindings): Knex.RawBinding[] | Knex.ValueDict {
  if (isList(bindings)) return bindings.map((value) => value ?? null);
  return Object.fromEntries(Object.entries(bindings).map(([key, value]) => [key, value ?? null]));
}

/** `Array.isArray` does not narrow a readonly array. */
function isList(bindings: Bindings): bindings is Extract<Bindings, readonly unknown[]> {
  return Array.isArray(bindings);
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

export async function firstRow<Row extends object>(
  db: Queryable,
  sql: string,
  bindings: Bindings = [],
): Promise<Row | undefined> {
  return (await rows<Row>(db, sql, bindings))[0];
}

/** The current time of the database's clock. */
export async function readDatabaseTime(db: Queryable): Promise<Date> {
  const row = await firstRow<{ now: Date }>(db, "select clock_timestamp() as now");
  if (!row) throw new Error("select returned no row");
  return row.now;
}

/**
 * One cheap round trip. @throws an error for which `isDatabaseUnavailable` is true if the database
 * does not respond soon, or takes no writes
 */
export async function pingDatabase(db: Database): Promise<void> {
  const { rows: found } = await db
    .raw<{ rows: { readOnly: boolean }[] }>(
      `select current_setting('transaction_read_only')::boolean as "readOnly"`,
    )
    .options({ query_timeout: PING_TIMEOUT_MS });
  if (found[0]?.readOnly !== false) throw new ReadOnlyDatabase();
}

class ReadOnlyDatabase extends Error {
  override readonly name = "ReadOnlyDatabase";
  /** SQLSTATE read_only_sql_transaction, as a write would get it. */
  readonly code = READ_ONLY;

  constructor() {
    super("the database takes no writes; it may be a standby, or its primary was demoted");
  }
}

const READ_ONLY = "25006";
/**
 * SQLSTATEs of lost connections (08, 57P, 53), of a server that takes no writes, of a session that
 * ended because its transaction was idle (25P03), and of a statement after one that failed in the
 * same transaction (25P02); and socket failures.
 */
const UNAVAILABLE_CODES =
  /^(?:08|57P|53|25006$|25P02$|25P03$)|^(?:ECONN|EPIPE|ETIMEDOUT|ENOENT$|ENOTFOUND|EAI_)/;
/** pg's message for a statement without a response in time; knex writes the statement before it. */
const QUERY_TIMEOUT = "Query read timeout";
/** Failures of pg and knex that carry no code. "timeout expired": pg could not connect in time. */
const UNAVAILABLE_MESSAGES =
  /Connection terminated|not queryable|timeout acquiring a connection|connection timeout|timeout expired$|Query read timeout$/i;

/** Whether the database could not be reached. The request itself may be valid. */
export function isDatabaseUnavailable(error: unknown): boolean {
  return causesOf(error).some((cause) => {
    if (!(cause instanceof Error)) return false;
    const { code } = cause as { readonly code?: unknown };
    const isKnownCode = typeof code === "string" && UNAVAILABLE_CODES.test(code);
    return isKnownCode || UNAVAILABLE_MESSAGES.test(cause.message);
  });
}
