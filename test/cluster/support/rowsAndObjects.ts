import assert from "node:assert/strict";
import type pg from "pg";
import { waitFor } from "../../support/waitFor.ts";
import type { Kubernetes } from "./kubernetes.ts";

/** A PostgreSQL client, or a pool, which survives a restart of the server. */
export type Rows = Pick<pg.Pool, "query">;

/** Waits until exactly these numbers of reservations are in these states, and none in another. */
export async function statesAre(
  rows: Rows,
  wanted: Readonly<Record<string, number>>,
  timeoutMs: number,
): Promise<void> {
  const expected = Object.fromEntries(Object.entries(wanted).filter(([, count]) => count > 0));
  let last: Record<string, number> = {};
  const isReached = async () => {
    const found = await rows.query<{ state: string; count: number }>(
      "select state, count(*)::int as count from reservations group by state",
    );
    last = Object.fromEntries(found.rows.map(({ state, count }) => [state, count]));
    const equal = Object.entries(expected).every(([state, count]) => last[state] === count);
    return equal && Object.keys(last).length === Object.keys(expected).length;
  };
  const options = { timeoutMs, intervalMs: 250, describe: JSON.stringify(expected) };
  await waitFor(isReached, options).catch((cause: unknown) => {
    throw new Error(`states are ${JSON.stringify(last)}, not ${options.describe}`, { cause });
  });
}

/**
 * Asserts that exactly the pods of the attempts that hold GPUs exist, by name and UID.
 * @returns the pods
 */
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

/** Asserts that exactly the started, not ended reservations have a Secret and a Service. */
export async function sameRowsAsSecretsAndServices(
  rows: Rows,
  kubernetes: Kubernetes,
): Promise<void> {
  const { rows: started } = await rows.query<{ name: string }>(
    "select 'gd-' || id as name from reservations where state in ('starting', 'ready', 'stopping')",
  );
  const wanted = started.map(({ name }) => name).sort();
  for (const kind of ["secrets", "services"]) {
    const names = (await objectsOf(kubernetes, kind)).map(({ name }) => name).sort();
    assert.deepEqual(names, wanted, kind);
  }
}

/**
 * After all have ended: nothing holds GPUs or a disk, and only the disks' claims are left in the
 * cluster.
 */
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

/** Asserts that the claims are exactly the disks' own: no volume is lost, replaced or left over. */
export async function sameDisksAsClaims(rows: Rows, kubernetes: Kubernetes): Promise<void> {
  const { rows: disks } = await rows.query<{ name: string; uid: string }>(
    "select claim_name as name, claim_uid as uid from disks where claim_uid is not null",
  );
  const claims = await objectsOf(kubernetes, "persistentvolumeclaims", "gpu-dev.io/disk");
  const sorted = (all: readonly Named[]) => all.map(({ name, uid }) => `${name} ${uid}`).sort();
  assert.deepEqual(sorted(claims), sorted(disks));
}

/** Our objects of a kind (its plural). */
export async function objectsOf(
  { admin }: Kubernetes,
  kind: string,
  label = "gpu-dev.io/reservation",
): Promise<Named[]> {
  const path = `/api/v1/namespaces/gpu-dev/${kind}?labelSelector=${encodeURIComponent(label)}`;
  const list = await admin.expect<{ items: { metadata: Named }[] }>("GET", path);
  return list.items.map(({ metadata: { name, uid } }) => ({ name, uid }));
}
