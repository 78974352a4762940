import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { CoreV1Api, KubeConfig } from "@kubernetes/client-node";
import pg from "pg";
import { requireTool } from "../../support/requireTool.ts";
import { waitFor } from "../../support/waitFor.ts";
import { makeUser, type User } from "../../support/user.ts";
import { startWholeSystem, type WholeSystem } from "../../support/wholeSystem.ts";

const MAIN = new URL("../../../control-plane/src/main.ts", import.meta.url).pathname;
const NAMESPACE = "gpu-dev";
const RESERVATION = "gpu-dev.io/reservation";
/** The dev fleet has 4 units of each type, so two of these ten reservations are queued. */
const BURST = ["t4", "cpu-x86"].flatMap((type) => [1, 2, 3, 4, 5].map(() => type));

describe("the main job: three reconciler processes, one of which is killed", function () {
  this.timeout(60_000);
  let system: WholeSystem;
  let user: User;
  let database: pg.Client;
  let core: CoreV1Api;
  const extraReconcilers: ChildProcess[] = [];

  before(async function () {
    requireTool(this, "ssh", "ssh-keygen");
    system = await startWholeSystem();
    user = await makeUser(system.url);
    await user.gpuDevDone("login");
    database = new pg.Client({ connectionString: await system.databaseUrl() });
    await database.connect();
    const config = new KubeConfig();
    config.loadFromFile(system.kubeconfig);
    core = config.makeApiClient(CoreV1Api);
    extraReconcilers.push(...(await Promise.all([startReconcilers(), startReconcilers()])));
  });
  after(async () => {
    await Promise.all(extraReconcilers.map((child) => endWith(child, "SIGTERM")));
    await (database as pg.Client | undefined)?.end();
    await (user as User | undefined)?.remove();
    await (system as WholeSystem | undefined)?.remove();
  });

  it("R1, R4: each request of a burst is served exactly once although one process is killed", async () => {
    const names = BURST.map((_, index) => `burst-${String(index)}`);
    const requests = names.map((name, index) =>
      user.gpuDevDone("reserve", "--gpu-type", BURST[index] ?? "", "--name", name, "--no-wait"),
    );
    await waitFor(async () => (await states()).includes("starting"), {
      timeoutMs: 20_000,
      intervalMs: 5,
      describe: "the first start of the burst",
    });
    const [victim] = extraReconcilers;
    assert.ok(victim);
    await endWith(victim, "SIGKILL");
    assert.equal(victim.signalCode, "SIGKILL");
    await Promise.all(requests);
    await waitFor(async () => (await states()).join() === expected(), {
      timeoutMs: 40_000,
      intervalMs: 200,
      describe: "eight ready and two queued reservations",
    });
    const pods = await database.query<{ pod_name: string; pod_uid: string }>(
      "select pod_name, pod_uid from attempts order by pod_name",
    );
    assert.equal(pods.rows.length, 8);
    const { items } = await core.listNamespacedPod({
      namespace: NAMESPACE,
      labelSelector: RESERVATION,
    });
    assert.deepEqual(
      items.map(({ metadata }) => [metadata?.name, metadata?.uid]).sort(),
      pods.rows.map((row) => [row.pod_name, row.pod_uid]),
    );
    const repeated = await database.query(
      `select 1 from events where type = 'reservation.ready' group by reservation_id having count(*) > 1`,
    );
    assert.equal(repeated.rowCount, 0, "no reservation has two ready events");
  });

  it("R4: after a cancellation, all reservations have ended, and no object remains", async () => {
    const names = BURST.map((_, index) => `burst-${String(index)}`);
    await user.gpuDevDone("cancel", "--yes", "--no-wait", ...names);
    await waitFor(async () => (await states()).every((state) => state === "ended"), {
      timeoutMs: 40_000,
      intervalMs: 200,
      describe: "every reservation to end",
    });
    const rows = await database.query("select 1 from reservations where end_reason = 'cancelled'");
    assert.equal(rows.rowCount, BURST.length);
    const query = { namespace: NAMESPACE, labelSelector: RESERVATION };
    const lists = await Promise.all([
      core.listNamespacedPod(query),
      core.listNamespacedSecret(query),
      core.listNamespacedService(query),
    ]);
    assert.deepEqual(
      lists.flatMap(({ items }) => items.map(({ metadata }) => metadata?.name)),
      [],
    );
    const units = await database.query("select 1 from attempts where gone_at is null");
    assert.equal(units.rowCount, 0);
  });

  const expected = () =>
    [...Array<string>(2).fill("queued"), ...Array<string>(8).fill("ready")].join();

  async function states(): Promise<string[]> {
    const { rows } = await database.query<{ state: string }>(
      "select state from reservations order by state",
    );
    return rows.map(({ state }) => state);
  }

  async function startReconcilers(): Promise<ChildProcess> {
    const args = [MAIN, "--role", "reconcilers", "--kubeconfig", system.kubeconfig];
    const env = { ...process.env, DATABASE_URL: await system.databaseUrl() };
    const child = spawn(process.execPath, [...args, "--exit-with-parent"], {
      env,
      stdio: ["pipe", "pipe", "ignore"],
    });
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
    await waitFor(() => output.includes('"ready":true'), {
      timeoutMs: 20_000,
      describe: "another reconciler process to be ready",
    });
    return child;
  }
});

async function endWith(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill(signal);
  await once(child, "exit");
}
