import { readFile } from "node:fs/promises";
import pg from "pg";
import { sharedPostgres, type OwnDatabase } from "./postgres.ts";

/** How much the generated database holds. */
export interface FleetSize {
  readonly users: number;
  readonly nodes: number;
  /** Reservations that have ended. */
  readonly history: number;
  /** Ready reservations. Each holds one unit of a node, so at most 8 for each node. */
  readonly live: number;
  /** Queued reservations, all for one type. */
  readonly queued: number;
  /** Events of reservations that have ended; they are spread over the last 120 days. */
  readonly events: number;
}

/** Two years of a fleet of 1,000 nodes: the size for which hot queries are tested. */
export const LARGE_FLEET: FleetSize = {
  users: 2_000,
  nodes: 1_000,
  history: 100_000,
  live: 5_000,
  queued: 1_000,
  events: 1_000_000,
};

/**
 * A migrated database with a generated fleet, analyzed as autovacuum does. It is generated once
 * for each size and mocha run; each call returns a copy.
 */
export async function createLargeFleet(size: FleetSize = LARGE_FLEET): Promise<OwnDatabase> {
  const key = JSON.stringify(size);
  let template = templates.get(key);
  if (!template) {
    template = generate(size);
    templates.set(key, template);
  }
  return (await template).copy();
}

const templates = new Map<string, Promise<OwnDatabase>>();

async function generate(size: FleetSize): Promise<OwnDatabase> {
  const database = await (await sharedPostgres()).createDatabase();
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  try {
    const statements = await readFile(new URL("largeFleet.sql", import.meta.url), "utf8");
    for (const [name, value] of Object.entries(size)) {
      await client.query("select set_config($1, $2, false)", [`fleet.${name}`, String(value)]);
    }
    await client.query(statements);
    await client.query("vacuum (analyze)");
  } finally {
    await client.end();
  }
  return database;
}
