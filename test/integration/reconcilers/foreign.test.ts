import assert from "node:assert/strict";
import { Minute } from "@gpu-dev/shared/durations.ts";
import type { V1ObjectMeta } from "@kubernetes/client-node";
import { REGISTRY } from "../../../control-plane/src/reconcilers/registry.ts";
import { openDatabase } from "../../../control-plane/src/store/database.ts";
import { waitFor } from "../../support/waitFor.ts";
import { assertOver, bound, firstPod, makeReady, settle } from "./lifecycle.ts";
import { NAMESPACE, startFixture, type Fixture } from "./fixture.ts";

const INSTALLATION = "gpu-dev.io/installation";
const RESERVATION = "gpu-dev.io/reservation";
const KINDS = ["Pod", "Secret", "Service"] as const;
const MAX_PER_SWEEP = 10;

describe("garbage collection", () => {
  let fixture: Fixture;
  beforeEach(async () => {
    fixture = await startFixture();
    await fixture.kubelet.addNode("h100-1", "h100", 8);
    await fixture.reconcile("capacity");
  });
  afterEach(() => fixture.stop());

  /** One of each kind under that name. */
  async function make(name: string, labels: Record<string, string>): Promise<void> {
    const { api } = fixture.kubelet;
    const metadata: V1ObjectMeta = { name, labels };
    const of = { namespace: NAMESPACE };
    const containers = [{ name: "workspace", image: "x" }];
    await api.createNamespacedPod({ ...of, body: { metadata, spec: { containers } } });
    await api.createNamespacedSecret({ ...of, body: { metadata } });
    const ports = [{ port: 22 }];
    const body = { metadata, spec: { clusterIP: "None", ports, selector: labels } };
    await api.createNamespacedService({ ...of, body });
  }

  /**
   * `Kind/name` with the UID of every object with this prefix. A terminating pod counts as gone.
   */
  async function objects(prefix: string): Promise<Map<string, string>> {
    const { api } = fixture.kubelet;
    const of = { namespace: NAMESPACE };
    const lists = await Promise.all([
      api.listNamespacedPod(of),
      api.listNamespacedSecret(of),
      api.listNamespacedService(of),
    ]);
    return new Map(
      lists.flatMap(({ items }, index) =>
        items
          .filter(({ metadata }) => metadata?.name?.startsWith(prefix) === true)
          .filter(({ metadata }) => metadata?.deletionTimestamp === undefined)
          .map(({ metadata }) => [
            `${KINDS[index] ?? ""}/${metadata?.name ?? ""}`,
            metadata?.uid ?? "",
          ]),
      ),
    );
  }

  const sweep = () => fixture.reconcile("garbage");

  it("R16: orphaned pods, Secrets and Services are removed when seen twice, ten per sweep; those of other installations stay", async () => {
    const { installation } = fixture.context;
    const id = await makeReady(fixture);
    for (let index = 0; index < 5; index += 1) {
      const nobody = `00000000-0000-4000-8000-00000000000${String(index)}`;
      await make(`orphan-${String(index)}`, {
        [INSTALLATION]: installation,
        [RESERVATION]: nobody,
      });
      await make(`other-${String(index)}`, { [INSTALLATION]: "another", [RESERVATION]: nobody });
      await make(`nobody-${String(index)}`, { app: "another" });
    }
    // With the id of our reservation, but of the other installation.
    await make("other-same-id", { [INSTALLATION]: "another", [RESERVATION]: id });
    const foreign = async () => [...(await objects("other-")), ...(await objects("nobody-"))];
    const before = await foreign();
    assert.equal(before.length, 33);
    await sweep();
    assert.equal((await objects("orphan-")).size, 15, "seen once");
    fixture.clock.step(61_000);
    await sweep();
    assert.equal((await objects("orphan-")).size, 15 - MAX_PER_SWEEP);
    await sweep();
    await waitFor(async () => (await objects("orphan-")).size === 0, {
      describe: "the rest to be removed",
    });
    assert.deepEqual(await foreign(), before);
    assert.deepEqual([...(await objects(`gd-${id}`)).keys()].sort(), [
      `Pod/${firstPod(id)}`,
      `Secret/gd-${id}`,
      `Service/gd-${id}`,
    ]);
    assert.equal((await fixture.read(id)).state, "ready");
    await fixture.cancel(id);
    await settle(fixture, id);
    await assertOver(fixture, id, ["reservation.ended"]);
    assert.deepEqual(await foreign(), before);
  });

  it("R16: a new object with the name of one that was seen counts as seen for the first time", async () => {
    await makeReady(fixture);
    const labels = { [INSTALLATION]: fixture.context.installation };
    await make("orphan-old", labels);
    await sweep();
    const { api } = fixture.kubelet;
    await api.deleteNamespacedSecret({ name: "orphan-old", namespace: NAMESPACE });
    await api.createNamespacedSecret({
      namespace: NAMESPACE,
      body: { metadata: { name: "orphan-old", labels } },
    });
    fixture.clock.step(61_000);
    await sweep();
    assert.deepEqual([...(await objects("orphan-")).keys()], ["Secret/orphan-old"]);
  });

  it("R16: after a restore from a backup nothing that is seen only once is removed, and known objects stay", async () => {
    const known = await makeReady(fixture, { gpus: 1 });
    // The backup contains an old sighting too.
    await make("orphan-old", { [INSTALLATION]: fixture.context.installation });
    await sweep();
    const backup = await fixture.backup();
    const later = [await makeReady(fixture, { gpus: 1 }), await makeReady(fixture, { gpus: 1 })];
    const starting = await fixture.reserve({ gpus: 1 });
    await fixture.advance(starting);
    await bound(fixture, firstPod(starting));
    const before = await objects("gd-");
    assert.equal(before.size, 12);
    const database = openDatabase({ url: backup.url, poolSize: 4 });
    const context = { ...fixture.context, database };
    const run = (name: "capacity" | "garbage" | "plan" | "reservation" | "resync", key: string) =>
      REGISTRY[name](context, key);
    try {
      const everything = async () => {
        await run("capacity", "default");
        await run("garbage", "default");
        await run("plan", "h100");
        await run("reservation", known);
        for (const id of [...later, starting]) await run("reservation", id);
      };
      // Minutes later, the sightings in the backup are long due.
      fixture.clock.step(10 * Minute.ms);
      await everything();
      assert.deepEqual(await objects("gd-"), before, "seen once");
      assert.equal((await objects("orphan-")).size, 0, "seen before the backup, and now");
      fixture.clock.step(30_000);
      await everything();
      assert.deepEqual(await objects("gd-"), before, "seen twice, too early");
      // An operator noticed and restored the current database, which has rows for all of them.
    } finally {
      await database.destroy();
      await backup.drop();
    }
    fixture.clock.step(10 * Minute.ms);
    await sweep();
    await sweep();
    assert.deepEqual(await objects("gd-"), before);
    for (const id of [known, ...later]) {
      await fixture.reconcile("reservation", id);
      assert.equal((await fixture.read(id)).state, "ready");
    }
  });
});
