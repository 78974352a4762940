import assert from "node:assert/strict";
import { queueNow } from "../../../control-plane/src/store/jobs.ts";
import {
  beat,
  unlockSilentWorkers,
  unlockWorkers,
} from "../../../control-plane/src/store/workers.ts";
import { rows } from "../../../control-plane/src/store/database.ts";
import { bound, claimOf, firstPod, makeReady, settle } from "./lifecycle.ts";
import { scalar, startFixture, type Fixture } from "./fixture.ts";

describe("disks and dead workers", () => {
  let fixture: Fixture;
  before(async () => {
    fixture = await startFixture();
    await fixture.kubelet.addNode("h100-1", "h100", 8, "us-east-2a");
    await fixture.kubelet.addNode("h100-2", "h100", 8, "us-east-2b");
    await fixture.reconcile("capacity");
  });
  after(() => fixture.stop());

  const disk = () =>
    rows<{ zone: string; claim_uid: string }>(
      fixture.database,
      "select zone, claim_uid from disks where name = 'work'",
    ).then(([row]) => row);

  it("keeps a disk and gives the next reservation the same volume, in its zone", async () => {
    const first = await makeReady(fixture, { disk: "work", gpus: 8 });
    const kept = await disk();
    assert.equal(kept?.zone, "us-east-2a");
    await fixture.cancel(first);
    await settle(fixture, first);
    // Without the zone, best fit would choose the other node.
    const other = await makeReady(fixture, { gpus: 8 });
    assert.equal((await fixture.attempts(other))[0]?.node, "h100-1");
    const second = await fixture.reserve({ disk: "work", gpus: 1 });
    assert.equal((await fixture.advance(second)).state, "queued");
    assert.match(
      (await fixture.read(second)).waitingReason ?? "",
      /in us-east-2a, where its disk is/,
    );
    await fixture.cancel(other);
    await settle(fixture, other);
    await fixture.advance(second);
    await bound(fixture, firstPod(second));
    assert.equal((await fixture.attempts(second))[0]?.node, "h100-1");
    assert.deepEqual(await disk(), kept);
    await fixture.cancel(second);
    await settle(fixture, second);
  });

  it("never starts with an empty volume in place of a lost one", async () => {
    const first = await makeReady(fixture, { disk: "work" });
    const claim = await claimOf(fixture, first);
    await fixture.cancel(first);
    await settle(fixture, first);
    await fixture.kubelet.api.deleteNamespacedPersistentVolumeClaim({
      name: claim,
      namespace: "gpu-dev",
    });
    const second = await fixture.reserve({ disk: "work" });
    await fixture.advance(second);
    const row = await settle(fixture, second);
    assert.equal(row.endReason, "start-failed");
    assert.match(row.endDetail ?? "", /the volume of disk "work" is missing/);
    assert.equal(await fixture.cluster.getClaim(claim), undefined);
  });

  it("R4: releases only the locks of a worker without heartbeats, and of one that is known to have failed", async () => {
    await queueNow(fixture.database, "retention", "dead");
    await queueNow(fixture.database, "retention", "alive");
    await queueNow(fixture.database, "retention", "young");
    const lock = (key: string, worker: string, age: string) =>
      rows(
        fixture.database,
        `update graphile_worker._private_jobs set locked_by = ?, locked_at = now() - cast(? as interval) where key = ?`,
        [worker, age, `retention/${key}`],
      );
    await lock("dead", "worker-dead", "25 seconds");
    await lock("alive", "worker-alive", "25 seconds");
    await lock("young", "worker-young", "5 seconds");
    await beat(fixture.database, ["worker-alive"]);
    assert.deepEqual(await unlockSilentWorkers(fixture.database, 20), ["worker-dead"]);
    assert.deepEqual(await unlockSilentWorkers(fixture.database, 20), []);
    const locked = `select count(*) as value from graphile_worker._private_jobs where locked_by is not null`;
    assert.equal(await scalar<number>(fixture.database, locked), 2);
    await unlockWorkers(fixture.database, ["worker-young", "worker-elsewhere"]);
    assert.equal(await scalar<number>(fixture.database, locked), 1);
  });
});
