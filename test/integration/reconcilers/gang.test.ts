import assert from "node:assert/strict";
import type { ReservationId } from "@gpu-dev/shared/ids.ts";
import {
  readConnection,
  readLogs,
} from "../../../control-plane/src/operations/reachReservation.ts";
import { REGISTRY } from "../../../control-plane/src/reconcilers/registry.ts";
import { rows } from "../../../control-plane/src/store/database.ts";
import { waitFor } from "../../support/waitFor.ts";
import { startFixture, type Fixture } from "./fixture.ts";
import { assertOver, bound, claimOf, makeReady, podOf, settle } from "./lifecycle.ts";

const TWO_NODES = { nodes: 2, gpus: 16 } as const;

describe("a reservation of two members", () => {
  let fixture: Fixture;
  beforeEach(async () => {
    fixture = await startFixture();
    for (const name of ["h100-1", "h100-2"]) await fixture.kubelet.addNode(name, "h100", 8);
    await fixture.reconcile("capacity");
  });
  afterEach(() => fixture.stop());

  const started = async () => {
    const id = await fixture.reserve(TWO_NODES);
    await fixture.advance(id);
    for (const rank of [0, 1]) await bound(fixture, podOf(id, rank));
    return id;
  };
  const stateOf = async (id: ReservationId) => (await fixture.read(id)).state;
  const viewer = () => ({ userId: fixture.owner, everyone: false });

  it("Q8: becomes ready only when both pods are ready, and ends with both removed", async () => {
    const id = await fixture.reserve({ ...TWO_NODES, disk: "work" });
    await fixture.advance(id);
    const pods = [podOf(id, 0), podOf(id, 1)];
    const claims = await Promise.all(
      pods.map(async (pod) =>
        (await fixture.kubelet.pod(pod))?.spec?.volumes?.flatMap(
          (volume) => volume.persistentVolumeClaim?.claimName ?? [],
        ),
      ),
    );
    assert.deepEqual(claims, [[await claimOf(fixture, id)], []], "rank 0 has the disk");
    await fixture.kubelet.bindClaim(await claimOf(fixture, id), "us-east-2a");
    for (const pod of pods) await bound(fixture, pod);

    await fixture.kubelet.run(podOf(id, 1));
    await fixture.reconcile("reservation", id);
    assert.equal(await stateOf(id), "starting", "rank 0 is not ready");
    await fixture.kubelet.run(podOf(id, 0));
    await fixture.reconcile("reservation", id);
    assert.equal(await stateOf(id), "ready");
    const members = await fixture.attempts(id);
    assert.deepEqual(
      members.map(({ rank, node, units, podIp }) => [rank, node, units, podIp]),
      [
        [0, members[0]?.node, 8, "127.0.0.9"],
        [1, members[1]?.node, 8, "127.0.0.9"],
      ],
    );
    assert.notEqual(members[0]?.node, members[1]?.node);
    assert.equal((await readConnection(fixture.database, viewer(), id)).host, "127.0.0.9");

    await fixture.cancel(id);
    const row = await settle(fixture, id);
    assert.deepEqual([row.state, row.endReason], ["ended", "cancelled"]);
    await assertOver(fixture, id, ["reservation.ready", "reservation.ended", "disk.released"]);
    for (const pod of pods) assert.equal(await fixture.kubelet.pod(pod), undefined);
  });

  it("Q8: a member that fails to start closes both, and both are placed again", async () => {
    const id = await started();
    await fixture.kubelet.run(podOf(id, 0));
    const status = { phase: "Failed", reason: "UnexpectedAdmissionError" };
    await fixture.kubelet.report(podOf(id, 1), status);
    await fixture.reconcile("reservation", id);
    const queued = await fixture.read(id);
    assert.equal(queued.state, "queued");
    assert.match(queued.waitingReason ?? "", /^Rescheduled: rank 1 of 2: its pod was rejected/);
    for (const rank of [0, 1]) {
      const pod = await fixture.kubelet.pod(podOf(id, rank));
      if (pod) await fixture.kubelet.finish(podOf(id, rank));
    }
    await fixture.reconcile("reservation", id);
    assert.ok((await fixture.attempts(id)).every(({ goneAt }) => goneAt !== undefined));
    const again = await fixture.advance(id);
    assert.deepEqual([again.state, again.attempt], ["starting", 2]);
    const second = (await fixture.attempts(id)).filter(({ attempt }) => attempt === 2);
    assert.deepEqual(
      second.map(({ rank, goneAt }) => [rank, goneAt]),
      [
        [0, undefined],
        [1, undefined],
      ],
    );
  });

  it("Q8: a member whose image cannot be pulled fails the reservation, with its rank", async () => {
    const id = await started();
    await fixture.kubelet.run(podOf(id, 0));
    const waiting = { reason: "InvalidImageName", message: "no such image" };
    await fixture.kubelet.report(podOf(id, 1), {
      containerStatuses: [
        {
          name: "workspace",
          image: "x",
          imageID: "",
          ready: false,
          restartCount: 0,
          state: { waiting },
        },
      ],
    });
    await fixture.reconcile("reservation", id);
    fixture.clock.step(21_000);
    const row = await settle(fixture, id);
    assert.deepEqual([row.state, row.endReason], ["failed", "start-failed"]);
    assert.match(row.endDetail ?? "", /^It could not start: rank 1 of 2: the image x could not be/);
    await assertOver(fixture, id, ["reservation.failed"]);
  });

  it("R8: the loss of one member ends the reservation and removes the other", async () => {
    const id = await makeReady(fixture, TWO_NODES);
    await fixture.kubelet.finish(podOf(id, 1));
    const row = await settle(fixture, id);
    assert.deepEqual([row.state, row.endReason], ["failed", "evicted"]);
    assert.equal(await fixture.kubelet.pod(podOf(id, 0)), undefined);
    await assertOver(fixture, id, ["reservation.failed"]);
  });

  it("R28: the resync queues it only if one of its members differs from its row", async () => {
    const id = await makeReady(fixture, { ...TWO_NODES, seconds: 7_200 });
    await fixture.reconcile("reservation", id);
    const watching = await fixture.cluster.watch({
      onPod: () => undefined,
      onNode: () => undefined,
      onContact: () => undefined,
    });
    const isQueued = async () => {
      await rows(fixture.database, "delete from graphile_worker._private_jobs");
      await REGISTRY.resync(fixture.context, "default");
      return (await fixture.queuedJobs()).some((key) => key.startsWith(`reservation/${id}`));
    };
    try {
      await waitFor(async () => !(await isQueued()), { describe: "both members to be in sync" });
      await fixture.kubelet.report(podOf(id, 1), { podIP: "127.0.0.10" });
      await waitFor(isQueued, { describe: "the changed member to be noticed" });
    } finally {
      await watching.stop();
    }
  });

  it("reads the logs of rank 0, or of the given rank", async () => {
    const id = await makeReady(fixture, TWO_NODES);
    const read: string[] = [];
    const cluster = {
      readLogs: (pod: string) => {
        read.push(pod);
        return Promise.resolve("line\n");
      },
    };
    const from = { db: fixture.database, cluster };
    await readLogs(from, viewer(), { id, tail: 10 });
    await readLogs(from, viewer(), { id, tail: 10, rank: 1 });
    assert.deepEqual(read, [podOf(id, 0), podOf(id, 1)]);
  });
});
