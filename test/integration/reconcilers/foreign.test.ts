import assert from "node:assert/strict";
import type { V1ObjectMeta } from "@kubernetes/client-node";
import { REGISTRY } from "../../../control-plane/src/reconcilers/registry.ts";
import { openDatabase } from "../../../control-plane/src/store/database.ts";
import { waitFor } from "../../support/waitFor.ts";
import { assertOver, bound, firstPod, makeReady, settle } from "./lives.ts";
import { NAMESPACE, startWorld, type World } from "./world.ts";

const INSTALLATION = "gpu-dev.io/installation";
const RESERVATION = "gpu-dev.io/reservation";
const KINDS = ["Pod", "Secret", "Service"] as const;
const MOST_PER_SWEEP = 10;

describe("objects that no row explains", () => {
  let world: World;
  beforeEach(async () => {
    world = await startWorld();
    await world.kubelet.addNode("h100-1", "h100", 8);
    await world.reconcile("capacity");
  });
  afterEach(() => world.stop());

  /** One of each kind under that name. */
  async function make(name: string, labels: Record<string, string>): Promise<void> {
    const { api } = world.kubelet;
    const metadata: V1ObjectMeta = { name, labels };
    const of = { namespace: NAMESPACE };
    const containers = [{ name: "workspace", image: "x" }];
    await api.createNamespacedPod({ ...of, body: { metadata, spec: { containers } } });
    await api.createNamespacedSecret({ ...of, body: { metadata } });
    const ports = [{ port: 22 }];
    const body = { metadata, spec: { clusterIP: "None", ports, selector: labels } };
    await api.createNamespacedService({ ...of, body });
  }

  /** `Kind/name` with the UID of everything whose name begins so. A pod that is on its way out counts as gone. */
  async function there(prefix: string): Promise<Map<string, string>> {
    const { api } = world.kubelet;
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

  const sweep = () => world.reconcile("garbage");

  it("R16: pods, Secrets and Services of ours go when they were seen twice, ten of all in a sweep; a second installation's stay", async () => {
    const { installation } = world.context;
    const id = await makeReady(world);
    for (let index = 0; index < 5; index += 1) {
      const nobody = `00000000-0000-4000-8000-00000000000${String(index)}`;
      await make(`orphan-${String(index)}`, {
        [INSTALLATION]: installation,
        [RESERVATION]: nobody,
      });
      await make(`other-${String(index)}`, { [INSTALLATION]: "another", [RESERVATION]: nobody });
      await make(`nobody-${String(index)}`, { app: "somebody-else" });
    }
    // Under our reservation's very id, but the other installation's.
    await make("other-same-id", { [INSTALLATION]: "another", [RESERVATION]: id });
    const foreign = async () => [...(await there("other-")), ...(await there("nobody-"))];
    const before = await foreign();
    assert.equal(before.length, 33);
    await sweep();
    assert.equal((await there("orphan-")).size, 15, "seen once");
    world.clock.step(61_000);
    await sweep();
    assert.equal((await there("orphan-")).size, 15 - MOST_PER_SWEEP);
    await sweep();
    await waitFor(async () => (await there("orphan-")).size === 0, { describe: "the rest to go" });
    assert.deepEqual(await foreign(), before);
    assert.deepEqual([...(await there(`gd-${id}`)).keys()].sort(), [
      `Pod/${firstPod(id)}`,
      `Secret/gd-${id}`,
      `Service/gd-${id}`,
    ]);
    assert.equal((await world.read(id)).state, "ready");
    await world.cancel(id);
    await settle(world, id);
    await assertOver(world, id, ["reservation.ended"]);
    assert.deepEqual(await foreign(), before);
  });

  it("R16: another one under the name of one that was seen is seen for the first time", async () => {
    await makeReady(world);
    const labels = { [INSTALLATION]: world.context.installation };
    await make("orphan-old", labels);
    await sweep();
    const { api } = world.kubelet;
    await api.deleteNamespacedSecret({ name: "orphan-old", namespace: NAMESPACE });
    await api.createNamespacedSecret({
      ...{ namespace: NAMESPACE, body: { metadata: { name: "orphan-old", labels } } },
    });
    world.clock.step(61_000);
    await sweep();
    assert.deepEqual([...(await there("orphan-")).keys()], ["Secret/orphan-old"]);
  });

  it("R16: a database brought back from a backup removes nothing that it sees once, and keeps what it knows", async () => {
    const known = await makeReady(world, { gpus: 1 });
    // The sweep of an old sighting is in the backup too.
    await make("orphan-old", { [INSTALLATION]: world.context.installation });
    await sweep();
    const backup = await world.backup();
    const later = [await makeReady(world, { gpus: 1 }), await makeReady(world, { gpus: 1 })];
    const starting = await world.reserve({ gpus: 1 });
    await world.advance(starting);
    await bound(world, firstPod(starting));
    const before = await there("gd-");
    assert.equal(before.size, 12);
    const database = openDatabase({ url: backup.url, poolSize: 4 });
    const context = { ...world.context, database };
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
      // Minutes later: what the backup remembers to have seen has long been due.
      world.clock.step(10 * 60_000);
      await everything();
      assert.deepEqual(await there("gd-"), before, "seen once");
      assert.equal((await there("orphan-")).size, 0, "seen before the backup, and now");
      world.clock.step(30_000);
      await everything();
      assert.deepEqual(await there("gd-"), before, "seen twice, too soon");
      // Somebody noticed, and brought the right one back: all of them are known to it.
    } finally {
      await database.destroy();
      await backup.drop();
    }
    world.clock.step(10 * 60_000);
    await sweep();
    await sweep();
    assert.deepEqual(await there("gd-"), before);
    for (const id of [known, ...later]) {
      await world.reconcile("reservation", id);
      assert.equal((await world.read(id)).state, "ready");
    }
  });
});
