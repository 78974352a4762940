import assert from "node:assert/strict";
import pg from "pg";
import { startTestPostgres } from "../support/postgres.ts";

describe("embedded PostgreSQL", () => {
  it("comes back on the same port with the same data after a restart", async () => {
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
