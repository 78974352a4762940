import assert from "node:assert/strict";
import { CoreV1Api, KubeConfig, type V1ObjectMeta } from "@kubernetes/client-node";
import pg from "pg";
import { requireTool } from "../../support/requireTool.ts";
import { waitFor } from "../../support/waitFor.ts";
import { makeUser, type User } from "../../support/user.ts";
import { startWholeSystem, type WholeSystem } from "../../support/wholeSystem.ts";
import { advanceLease } from "./leaseTime.ts";

const namespace = "gpu-dev";
const RESERVATION = "gpu-dev.io/reservation";

describe("the main job: leftovers in the cluster", function () {
  this.timeout(90_000);
  let system: WholeSystem;
  let user: User;
  let database: pg.Client;
  let core: CoreV1Api;

  before(async function () {
    requireTool(this, "ssh", "ssh-keygen");
    system = await startWholeSystem();
    user = await makeUser(system.url);
    await user.gpuDevDone("login");
    database = new pg.Client({ connectionString: await system.databaseUrl() });
    await database.connect();
    const config = new KubeConfig();
    config.loadFromFile(system.adminKubeconfig);
    core = config.makeApiClient(CoreV1Api);
  });
  after(async () => {
    await (database as pg.Client | undefined)?.end();
    await (user as User | undefined)?.remove();
    await (system as WholeSystem | undefined)?.remove();
  });

  /** The names of the objects of the reservation, by kind. Its disk is not one of them. */
  async function objectsOf(id: string): Promise<Record<string, (string | undefined)[]>> {
    const query = { namespace, labelSelector: `${RESERVATION}=${id}` };
    const names = (items: { metadata?: V1ObjectMeta }[]) =>
      items.map(({ metadata }) => metadata?.name);
    return {
      pods: names((await core.listNamespacedPod(query)).items),
      secrets: names((await core.listNamespacedSecret(query)).items),
      services: names((await core.listNamespacedService(query)).items),
    };
  }
  const NOTHING = { pods: [], secrets: [], services: [] };

  async function reserve(name: string, ...options: string[]): Promise<string> {
    await user.gpuDevDone("reserve", ...options, "--name", name);
    const { id } = await user.show(name);
    const { pods, secrets, services } = await objectsOf(id);
    assert.deepEqual([pods?.length, secrets?.length, services?.length], [1, 1, 1]);
    return id;
  }

  const waitForEnd = (name: string) =>
    waitFor(async () => (await user.show(name)).state === "ended", {
      timeoutMs: 30_000,
      intervalMs: 300,
      describe: `${name} to end`,
    });

  it("are only the disk after a cancellation", async () => {
    const id = await reserve("cancelled", "--gpu-type", "t4", "--hours", "1", "--disk", "kept");
    const query = { namespace, labelSelector: `${RESERVATION}=${id}` };
    const [pod] = (await core.listNamespacedPod(query)).items;
    const name = pod?.spec?.volumes?.flatMap((v) => v.persistentVolumeClaim?.claimName ?? [])[0];
    assert.ok(name);
    const claim = () => core.readNamespacedPersistentVolumeClaim({ namespace, name });
    const before = await claim();
    await user.gpuDevDone("cancel", "cancelled", "--yes");
    await waitForEnd("cancelled");
    assert.deepEqual(await objectsOf(id), NOTHING);
    const after = await claim();
    assert.equal(after.metadata?.uid, before.metadata?.uid);
    assert.equal(after.metadata?.deletionTimestamp, undefined);
    assert.equal(after.status?.phase, "Bound");
  });

  it("do not exist after an expiry without a disk", async () => {
    const id = await reserve("expired", "--gpu-type", "t4", "--duration", "5m");
    await advanceLease(database, id);
    await waitForEnd("expired");
    assert.deepEqual(await objectsOf(id), NOTHING);
  });

  it("R2: garbage collection removes an orphan that it finds twice, and no other object", async () => {
    const id = await reserve("living", "--gpu-type", "t4", "--hours", "1");
    const living = await objectsOf(id);
    const [secret = ""] = living["secrets"] ?? [];
    const { metadata } = await core.readNamespacedSecret({ namespace, name: secret });
    const labels = { ...metadata?.labels, [RESERVATION]: "01jzzzzzzzzzzzzzzzzzzzzzzz" };
    const body = { metadata: { name: "gd-leaked", labels } };
    const leaked = await core.createNamespacedSecret({ namespace, body });
    const uid = leaked.metadata?.uid ?? "";
    await collectGarbage();
    await waitFor(
      async () => {
        const sql = "select 1 from garbage_sightings where uid = $1";
        return ((await database.query(sql, [uid])).rowCount ?? 0) > 0;
      },
      { timeoutMs: 20_000, describe: "the first sighting" },
    );
    assert.equal(
      (await core.readNamespacedSecret({ namespace, name: "gd-leaked" })).metadata?.uid,
      uid,
    );
    // Makes the first sighting old enough for the next check.
    const aged =
      "update garbage_sightings set first_seen_at = first_seen_at - interval '2 minutes'";
    await database.query(aged);
    await collectGarbage();
    await waitFor(
      async () => (await objectsOf("01jzzzzzzzzzzzzzzzzzzzzzzz"))["secrets"]?.length === 0,
      { timeoutMs: 20_000, describe: "the leaked secret to be removed" },
    );
    assert.deepEqual(await objectsOf(id), living);
    assert.equal((await user.show("living")).state, "ready");
  });

  /** Queues the garbage collection, which the control plane does every ten minutes. */
  async function collectGarbage(): Promise<void> {
    await database.query(
      `select graphile_worker.add_job('garbage', '{"key": "default"}'::json, job_key := 'garbage/default')`,
    );
  }
});
