import assert from "node:assert/strict";
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { postgresAccount } from "../../local/src/postgres/account.ts";
import { isAlive } from "../../local/src/process/processes.ts";
import { preparePostgres, type PostgresServer } from "../../local/src/postgres/server.ts";
import { startTestPostgres } from "../support/postgres.ts";
import { makeTempDir } from "../support/tempDir.ts";

describe("embedded PostgreSQL", () => {
  it("keeps its port and data across a restart", async () => {
    const postgres = await startTestPostgres();
    try {
      const database = await postgres.createDatabase("empty");
      await query(database.url, "create table kept as select 42 as answer");
      await postgres.server.stop();
      await assert.rejects(query(database.url, "select 1"));
      await postgres.server.start();
      assert.deepEqual(await query(database.url, "select answer from kept"), [{ answer: 42 }]);
    } finally {
      await postgres.remove();
    }
  });

  it("ends a server that an earlier start left running, and ignores the pid file of an ended server", async () => {
    const dir = await makeTempDir("postgres");
    await chmod(dir.path, 0o711);
    const options = {
      home: join(dir.path, "postgres"),
      copyBinariesTo: dir.path,
      logFile: join(dir.path, "postgres.log"),
      account: await postgresAccount(),
      fsync: false,
    };
    const started: PostgresServer[] = [];
    const start = async (): Promise<PostgresServer> => {
      const server = await preparePostgres(options);
      started.push(server);
      await server.start();
      return server;
    };
    try {
      const orphan = await start();
      const next = await start();
      assert.equal(isAlive(orphan.pid() ?? 0), false);
      await query(next.url(), "create table kept as select 1 as answer");

      // The pid in the file now belongs to another program.
      await next.stop();
      await writeFile(join(options.home, "data/postmaster.pid"), `${String(process.ppid)}\n`);
      const last = await start();
      assert.deepEqual(await query(last.url(), "select answer from kept"), [{ answer: 1 }]);
    } finally {
      for (const server of started) await server.stop();
    }
    await dir.remove();
  });
});

async function query(url: string, statement: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(statement)).rows;
  } finally {
    await client.end();
  }
}
