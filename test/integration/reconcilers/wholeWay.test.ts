import assert from "node:assert/strict";
import { startWorld, type World } from "./world.ts";

describe("a reservation, the whole way", () => {
  let world: World;
  before(async () => {
    world = await startWorld();
    await world.kubelet.addNode("h100-1", "h100", 8);
  });
  after(() => world.stop());

  it("is placed, started, ready, expired and gone, with its rows and objects exact", async () => {
    const { kubelet, clock } = world;
    const id = await world.reserve({ gpus: 2, seconds: 3_600, name: "demo" });
    const starting = await world.advance(id);
    assert.equal(starting.state, "starting");
    const name = `gd-${id}-0-1`;
    const [attempt] = await world.attempts(id);
    assert.equal(attempt?.podName, name);
    assert.equal(attempt.podUid, (await kubelet.pod(name))?.metadata?.uid);

    await kubelet.run(name);
    await world.reconcile("reservation", id);
    const ready = await world.read(id);
    assert.equal(ready.state, "ready");
    assert.match(ready.hostPublicKey ?? "", /^ssh-ed25519 AAAA/);
    assert.equal(ready.expiresAt?.getTime(), clock.now().getTime() + 3_600_000);

    clock.step(3_600_000);
    await world.reconcile("reservation", id);
    assert.equal((await world.read(id)).state, "stopping");
    if (await kubelet.pod(name)) await kubelet.finish(name);
    await world.reconcile("reservation", id);
    const ended = await world.read(id);
    assert.deepEqual([ended.state, ended.endReason], ["ended", "expired"]);
    assert.deepEqual(await world.cluster.listOwned(), []);
    assert.notEqual((await world.attempts(id))[0]?.goneAt, null);
    assert.ok((await world.queuedJobs()).includes("plan/h100"));
    assert.deepEqual(
      (await world.events(id)).map((event) => event.type),
      [
        "reservation.placed",
        "reservation.phase",
        "reservation.ready",
        "reservation.stopping",
        "reservation.ended",
      ],
    );
    const [stopping, over] = (await world.events(id)).slice(-2);
    const why = /Its time was over at \d\d:\d\d UTC\./.source;
    assert.match(
      stopping?.message ?? "",
      new RegExp(`^${why} Closing its sessions; it has no disk`),
    );
    assert.match(over?.message ?? "", new RegExp(`^It is over, 1 h after it was ready\\. ${why}$`));
  });
});
