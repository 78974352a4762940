import assert from "node:assert/strict";
import type pg from "pg";
import { waitFor } from "../../support/waitFor.ts";
import type { Kubernetes } from "./kubernetes.ts";

/** Waits until exactly so many reservations are in each of these states, and none in another. */
export async function statesAre(
  rows: pg.Client,
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
export async function sameRowsAsPods(rows: pg.Client, kubernetes: Kubernetes): Promise<Named[]> {
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

/** Our objects of a kind, by its plural. */
export async function objectsOf({ admin }: Kubernetes, kind: string): Promise<Named[]> {
  const path = `/api/v1/namespaces/gpu-dev/${kind}?labelSelector=gpu-dev.io%2Freservation`;
  const list = await admin.expect<{ items: { metadata: Named }[] }>("GET", path);
  return list.items.map(({ metadata }) => metadata);
}
