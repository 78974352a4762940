import pg from "pg";
import type { Log } from "../util/logger.ts";
import { untilNoDeadlock } from "./database.ts";

/**
 * Connections for the job queue, with one thing that it lacks: a statement that a deadlock ended is sent again. Each of
 * its statements is a transaction by itself. The library (graphile-worker 0.18) would end its whole pool for one, and
 * leave the jobs that it could not take away locked.
 */
export function createQueuePool(databaseUrl: string, size: number, log: Log): pg.Pool {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: size });
  // Without listeners a connection that breaks would end the process; who uses it is told by its next statement.
  const told = (error: Error) => {
    log.warn({ err: error }, "the job queue lost a connection to the database");
  };
  pool.on("error", told);
  pool.on("connect", (client) => {
    client.on("error", told);
    sendAgainAfterDeadlock(client);
  });
  return pool;
}

function sendAgainAfterDeadlock(client: pg.PoolClient): void {
  const send = client.query.bind(client) as (...statement: unknown[]) => unknown;
  const query = (...statement: unknown[]) => {
    const sent = send(...statement);
    // Else its answer comes by a callback or as a stream: nothing of the queue's.
    if (!(sent instanceof Promise)) return sent;
    let first: Promise<unknown> | undefined = sent;
    return untilNoDeadlock(() => {
      const answer = first ?? (send(...statement) as Promise<unknown>);
      first = undefined;
      return answer;
    });
  };
  client.query = query as typeof client.query;
}
