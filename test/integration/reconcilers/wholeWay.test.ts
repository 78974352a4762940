import assert from "node:assert/strict";
import { startFixture, type Fixture } from "./fixture.ts";

describe("the life of a reservation", () => {
  let fixture: Fixture;
  before(async () => {
    fixture = await startFixture();
    await fixture.kubelet.addNode("h100-1", "h100", 8);
  });
  after(() => fixture.stop());

  it("is placed, starts, becomes ready, expires and ends, with exact rows and objects", async () => {
    const { kubelet, clock } = fixture;
    const id = await fixture.reserve({ gpus: 2, seconds: 3_600, name: "demo" });
    const starting = await fixture.advance(id);
    assert.equal(starting.state, "starting");
    const name = `gd-${id}-0-1`;
    const [attempt] = await fixture.attempts(id);
    assert.equal(attempt?.podName, name);
    assert.equal(attempt.podUid, (await kubelet.pod(name))?.metadata?.uid);

    await kubelet.run(name);
    await fixture.reconcile("reservation", id);
    const ready = await fixture.read(id);
    assert.equal(ready.state, "ready");
    assert.match(ready.hostPublicKey ?? "", /^ssh-ed25519 AAAA/);
    assert.equal(ready.expiresAt?.getTime(), clock.now().getTime() + 3_600_000);

    clock.step(3_600_000);
    await fixture.reconcile("reservation", id);
    assert.equal((await fixture.read(id)).state, "stopping");
    if (await kubelet.pod(name)) await kubelet.finish(name);
    await fixture.reconcile("reservation", id);
    const ended = await fixture.read(id);
    assert.deepEqual([ended.state, ended.endReason], ["ended", "expired"]);
    assert.deepEqual(await fixture.cluster.listOwned(), []);
    assert.notEqual((await fixture.attempts(id))[0]?.goneAt, undefined);
    assert.ok((await fixture.queuedJobs()).includes("plan/h100"));
    assert.deepEqual(
      (await fixture.events(id)).map((event) => event.type),
      [
        "reservation.placed",
        "reservation.phase",
        "reservation.ready",
        "reservation.stopping",
        "reservation.ended",
      ],
    );
    const [stopping, last] = (await fixture.events(id)).slice(-2);
    const why = /The lease expired at \d\d:\d\d UTC\./.source;
    assert.match(
      stopping?.message ?? "",
      new RegExp(`^${why} Closing its sessions; it has no disk`),
    );
    assert.match(last?.message ?? "", new RegExp(`^It ended 1 h after it was ready\\. ${why}$`));
  });
});
