import assert from "node:assert/strict";
import { queueNow } from "../../../control-plane/src/store/jobs.ts";
import {
  beat,
  unlockSilentWorkers,
  unlockWorkers,
} from "../../../control-plane/src/store/workers.ts";
import { rows } from "../../../control-plane/src/store/database.ts";
import { bound, claimOf, firstPod, makeReady, settle } from "./lives.ts";
import { scalar, startWorld, type World } from "./world.ts";

describe("disks and dead workers", () => {
  let world: World;
  before(async () => {
    world = await startWorld();
    await world.kubelet.addNode("h100-1", "h100", 8, "us-east-2a");
    await world.kubelet.addNode("h100-2", "h100", 8, "us-east-2b");
    await world.reconcile("capacity");
  });
  after(() => world.stop());

  const disk = () =>
    rows<{ zone: string; claim_uid: string }>(
      world.database,
      "select zone, claim_uid from disks where name = 'work'",
    ).then(([row]) => row);

  it("keeps a disk, and gives the next reservation the same volume, in its zone", async () => {
    const first = await makeReady(world, { disk: "work", gpus: 8 });
    const kept = await disk();
    assert.equal(kept?.zone, "us-east-2a");
    await world.cancel(first);
    await settle(world, first);
    // Best fit alone would take the other node now.
    const other = await makeReady(world, { gpus: 8 });
    assert.equal((await world.attempts(other))[0]?.node, "h100-1");
    const second = await world.reserve({ disk: "work", gpus: 1 });
    assert.equal((await world.advance(second)).state, "queued");
    assert.match(
      (await world.read(second)).waitingReason ?? "",
      /in us-east-2a, where its disk is/,
    );
    await world.cancel(other);
    await settle(world, other);
    await world.advance(second);
    await bound(world, firstPod(second));
    assert.equal((await world.attempts(second))[0]?.node, "h100-1");
    assert.deepEqual(await disk(), kept);
    await world.cancel(second);
    await settle(world, second);
  });

  it("never starts with an empty volume in place of one that was lost", async () => {
    const first = await makeReady(world, { disk: "work" });
    const claim = await claimOf(world, first);
    await world.cancel(first);
    await settle(world, first);
    await world.kubelet.api.deleteNamespacedPersistentVolumeClaim({
      name: claim,
      namespace: "gpu-dev",
    });
    const second = await world.reserve({ disk: "work" });
    await world.advance(second);
    const row = await settle(world, second);
    assert.equal(row.endReason, "start-failed");
    assert.match(row.endDetail ?? "", /the volume of disk "work" is missing/);
    assert.equal(await world.cluster.getClaim(claim), undefined);
  });

  it("R4: takes the locks of a worker that went silent, and of no other, but of one known to be broken", async () => {
    await queueNow(world.database, "retention", "dead");
    await queueNow(world.database, "retention", "alive");
    await queueNow(world.database, "retention", "young");
    const lock = (key: string, worker: string, age: string) =>
      rows(
        world.database,
        `update graphile_worker._private_jobs set locked_by = ?, locked_at = now() - cast(? as interval) where key = ?`,
        [worker, age, `retention/${key}`],
      );
    await lock("dead", "worker-dead", "25 seconds");
    await lock("alive", "worker-alive", "25 seconds");
    await lock("young", "worker-young", "5 seconds");
    await beat(world.database, ["worker-alive"]);
    assert.deepEqual(await unlockSilentWorkers(world.database, 20), ["worker-dead"]);
    assert.deepEqual(await unlockSilentWorkers(world.database, 20), []);
    const locked = `select count(*) as value from graphile_worker._private_jobs where locked_by is not null`;
    assert.equal(await scalar<number>(world.database, locked), 2);
    await unlockWorkers(world.database, ["worker-young", "worker-elsewhere"]);
    assert.equal(await scalar<number>(world.database, locked), 1);
  });
});
