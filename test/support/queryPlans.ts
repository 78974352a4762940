import type pg from "pg";
import type { Database } from "../../control-plane/src/store/database.ts";

/** What PostgreSQL did for one statement. */
export interface QueryPlan {
  readonly sql: string;
  /** The tables that it read from the first row to the last. */
  readonly sequentialScans: readonly string[];
  /** Rows that its scans read, the discarded ones included. */
  readonly rowsRead: number;
  /** The plan as PostgreSQL prints it, for the message of a failed test. */
  readonly text: string;
}

/** Runs `work` on `db`, and then each of its statements on `client`, under `explain (analyze)`. */
export async function explainStatements(
  db: Database,
  client: pg.Client,
  work: () => Promise<unknown>,
): Promise<QueryPlan[]> {
  const statements: { sql: string; bindings: readonly unknown[] }[] = [];
  const record = (query: { sql: string; bindings: readonly unknown[] }): void => {
    statements.push({ sql: query.sql, bindings: query.bindings });
  };
  db.on("query", record);
  try {
    await work();
  } finally {
    db.removeListener("query", record);
  }
  const plans: QueryPlan[] = [];
  for (const { sql, bindings } of statements) {
    if (/^(?:BEGIN|COMMIT|ROLLBACK)/i.test(sql)) continue;
    plans.push(await explain(client, sql, bindings));
  }
  return plans;
}

interface PlanNode {
  readonly "Node Type": string;
  readonly "Relation Name"?: string;
  readonly "Index Name"?: string;
  readonly "Actual Rows": number;
  readonly "Actual Loops": number;
  readonly "Rows Removed by Filter"?: number;
  readonly "Rows Removed by Index Recheck"?: number;
  readonly Plans?: readonly PlanNode[];
}

async function explain(
  client: pg.Client,
  sql: string,
  bindings: readonly unknown[],
): Promise<QueryPlan> {
  // `explain (analyze)` executes the statement, so its writes are rolled back.
  await client.query("begin");
  try {
    const { rows } = await client.query<{ "QUERY PLAN": { Plan: PlanNode }[] }>(
      `explain (analyze, format json) ${sql}`,
      [...bindings],
    );
    const plan = rows[0]?.["QUERY PLAN"][0]?.Plan;
    if (!plan) throw new Error("explain returned no plan");
    const nodes = flatten(plan);
    return {
      sql,
      sequentialScans: nodes
        .filter((node) => node["Node Type"] === "Seq Scan")
        .map((node) => node["Relation Name"] ?? ""),
      rowsRead: nodes.reduce((sum, node) => sum + rowsReadBy(node), 0),
      text: nodes.map(describe).join("\n"),
    };
  } finally {
    await client.query("rollback");
  }
}

function flatten(node: PlanNode): PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(flatten)];
}

function rowsReadBy(node: PlanNode): number {
  if (!node["Node Type"].endsWith("Scan") || node["Relation Name"] === undefined) return 0;
  const perLoop =
    node["Actual Rows"] +
    (node["Rows Removed by Filter"] ?? 0) +
    (node["Rows Removed by Index Recheck"] ?? 0);
  return Math.round(perLoop * node["Actual Loops"]);
}

function describe(node: PlanNode): string {
  const name = node["Index Name"] ?? node["Relation Name"] ?? "";
  return `${node["Node Type"]} ${name}: ${String(rowsReadBy(node))} rows read`;
}
