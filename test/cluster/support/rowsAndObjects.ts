import assert from "node:assert/strict";
import type pg from "pg";
import { waitFor } from "../../support/waitFor.ts";
import type { Kubernetes } from "./kubernetes.ts";

/** A client of PostgreSQL, or a pool, which outlives a restart of the server. */
export type Rows = Pick<pg.Pool, "query">;

/** Waits until exactly so many reservations are in each of these states, and none in another. */
export async function statesAre(
  rows: Rows,
  wanted: Readonly<Record<string, number>>,
  timeoutMs: number,
): Promise<void> {
  const asked = Object.fromEntries(Object.entries(wanted).filter(([, count]) => count > 0));
  let last: Record<string, number> = {};
  const same = async () => {
    const found = await rows.query<{ state: string; count: number }>(
      "select state, count(*)::int as count from reservations group by state",
    );
    last = Object.fromEntries(found.rows.map(({ state, count }) => [state, count]));
    const equal = Object.entries(asked).every(([state, count]) => last[state] === count);
    return equal && Object.keys(last).length === Object.keys(asked).length;
  };
  const options = { timeoutMs, intervalMs: 250, describe: JSON.stringify(asked) };
  await waitFor(same, options).catch((cause: unknown) => {
    throw new Error(`it is ${JSON.stringify(last)}, not ${options.describe}`, { cause });
  });
}

/** Nothing lost, doubled or leaked: a pod for each attempt that holds GPUs, and that very one. Answers the pods. */
export async function sameRowsAsPods(rows: Rows, kubernetes: Kubernetes): Promise<Named[]> {
  const attempts = await rows.query<{ pod_name: string; pod_uid: string }>(
    'select pod_name, pod_uid from attempts where gone_at is null order by pod_name collate "C"',
  );
  const pods = (await objectsOf(kubernetes, "pods")).sort((a, b) => (a.name < b.name ? -1 : 1));
  assert.deepEqual(
    pods.map(({ name, uid }) => [name, uid]),
    attempts.rows.map((row) => [row.pod_name, row.pod_uid]),
  );
  return pods;
}

export interface Named {
  readonly name: string;
  readonly uid: string;
}

/** A Secret and a Service for each reservation that has begun and is not over, by their names, and no other. */
export async function sameRowsAsSecretsAndServices(
  rows: Rows,
  kubernetes: Kubernetes,
): Promise<void> {
  const { rows: served } = await rows.query<{ name: string }>(
    "select 'gd-' || id as name from reservations where state in ('starting', 'ready', 'stopping')",
  );
  const wanted = served.map(({ name }) => name).sort();
  for (const kind of ["secrets", "services"]) {
    const names = (await objectsOf(kubernetes, kind)).map(({ name }) => name).sort();
    assert.deepEqual(names, wanted, kind);
  }
}

/** When all are over: nothing holds GPUs or a disk, every claim is a disk's, and nothing else of ours is in the cluster. */
export async function nothingIsHeld(rows: Rows, kubernetes: Kubernetes): Promise<void> {
  const { rows: held } = await rows.query<Record<string, number>>(
    `select (select count(*)::int from attempts where gone_at is null) as attempts,
       (select count(*)::int from attachments where released_at is null) as attachments,
       (select count(*)::int from reservations where state not in ('ended', 'failed')) as reservations`,
  );
  assert.deepEqual(held, [{ attempts: 0, attachments: 0, reservations: 0 }]);
  for (const kind of ["pods", "secrets", "services"]) {
    assert.deepEqual(await objectsOf(kubernetes, kind), [], kind);
  }
  await sameDisksAsClaims(rows, kubernetes);
}

/** The very claim that each disk was given, and no other: no volume is lost, replaced or left over. */
export async function sameDisksAsClaims(rows: Rows, kubernetes: Kubernetes): Promise<void> {
  const { rows: disks } = await rows.query<{ name: string; uid: string }>(
    "select claim_name as name, claim_uid as uid from disks where claim_uid is not null",
  );
  const claims = await objectsOf(kubernetes, "persistentvolumeclaims", "gpu-dev.io/disk");
  const sorted = (all: readonly Named[]) => all.map(({ name, uid }) => `${name} ${uid}`).sort();
  assert.deepEqual(sorted(claims), sorted(disks));
}

/** Our objects of a kind, by its plural. */
export async function objectsOf(
  { admin }: Kubernetes,
  kind: string,
  label = "gpu-dev.io/reservation",
): Promise<Named[]> {
  const path = `/api/v1/namespaces/gpu-dev/${kind}?labelSelector=${encodeURIComponent(label)}`;
  const list = await admin.expect<{ items: { metadata: Named }[] }>("GET", path);
  return list.items.map(({ metadata: { name, uid } }) => ({ name, uid }));
}
