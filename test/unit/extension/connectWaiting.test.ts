import assert from "node:assert/strict";
import { Dismissed } from "../../../extension/src/core/errors.ts";
import { oneAtATime } from "../../../extension/src/connect/oneAtATime.ts";
import {
  remoteWindowNotice,
  reservationIdHere,
} from "../../../extension/src/connect/remoteWindow.ts";
import { waitUntilReady } from "../../../extension/src/connect/waitUntilReady.ts";
import { liveHost } from "../../support/sshHostFixtures.ts";
import { liveWith, NOW, reservationOf } from "./connectFixtures.ts";

describe("waiting for a reservation to connect to", () => {
  const queued = reservationOf(1, {
    state: "queued",
    waiting: { position: 2, ahead: 1, reason: "Both nodes are full." },
  });
  const wait = (live: ReturnType<typeof liveWith>) => {
    const stop = new AbortController();
    const said: string[] = [];
    const onProgress = (sentence: string) => void said.push(sentence);
    const done = waitUntilReady({ live, id: queued.id, signal: stop.signal, onProgress });
    return { done, said, stop };
  };

  it("tells each change once, and ends when it is ready", async () => {
    const live = liveWith([queued]);
    const { done, said } = wait(live);
    live.show([queued]);
    live.show([{ ...queued, state: "starting", phase: "disk" }]);
    live.show([reservationOf(1)]);
    assert.equal((await done).state, "ready");
    assert.deepEqual(said, [
      "queued, 2nd in line: Both nodes are full.",
      "starting: attaching the disk",
    ]);
  });

  it("ends with the reason when it can't become ready any more", async () => {
    const live = liveWith([queued]);
    const { done } = wait(live);
    live.show([
      { ...queued, state: "ended", endReason: "cancelled", endDetail: "Cancelled by ada" },
    ]);
    await assert.rejects(done, /^Error: box1 is over: Cancelled by ada\. Reserve again/);
    const { done: other } = wait(live);
    await assert.rejects(other, /box1 is over/);
    live.show([]);
    await assert.rejects(wait(live).done, /not in your list/);
  });

  it("N10: given up, it is dismissed and looks no more", async () => {
    const live = liveWith([queued]);
    const { done, said, stop } = wait(live);
    stop.abort();
    await assert.rejects(done, Dismissed);
    live.show([{ ...queued, state: "starting", phase: "disk" }]);
    assert.equal(said.length, 1);
  });
});

describe("work that runs one at a time", () => {
  it("gives all who ask meanwhile one more run, also after a failure", async () => {
    const runs: PromiseWithResolvers<number>[] = [];
    const ask = oneAtATime(() => {
      const run = Promise.withResolvers<number>();
      runs.push(run);
      return run.promise;
    });
    const first = ask();
    const second = ask();
    const third = ask();
    assert.equal(runs.length, 1);
    runs[0]?.reject(new Error("no"));
    await assert.rejects(first, /no/);
    assert.equal(runs.length, 2);
    runs[1]?.resolve(2);
    assert.deepEqual([await second, await third], [2, 2]);
    const fourth = ask();
    runs[2]?.resolve(3);
    assert.equal(await fourth, 3);
    assert.equal(runs.length, 3);
  });
});

describe("a remote window whose reservation is over", () => {
  const over = reservationOf(1, {
    state: "ended",
    endedAt: "2026-11-23T14:02:00.000Z",
    endReason: "expired",
    endDetail: "Its time was up",
  });

  it("N1: says when, why and where the files are, and offers the way on", () => {
    const notice = remoteWindowNotice(over, [over], NOW);
    assert.match(
      notice?.text ?? "",
      /^box1 is over since \d\d:02: Its time was up\. Its files are on disk work\.$/,
    );
    assert.deepEqual(notice?.buttons, ["Reserve Again", "Close Remote"]);
    const bare = { ...over, endDetail: null, spec: { ...over.spec, disk: null } };
    assert.match(
      remoteWindowNotice(bare, [bare], NOW)?.text ?? "",
      /: lease expired\. It had no disk/,
    );
  });

  it("says nothing before the end", () => {
    for (const state of ["queued", "starting", "ready", "stopping"] as const) {
      const live = reservationOf(1, { state });
      assert.equal(remoteWindowNotice(live, [live], NOW), null, state);
    }
  });

  it("says that a newer one has its name, again when that is ready, and acts on that", () => {
    const coming = reservationOf(2, { name: "box1", state: "starting" });
    const first = remoteWindowNotice(over, [over, coming], NOW);
    assert.deepEqual([first?.about.id, first?.buttons[0]], [coming.id, "Show Details"]);
    const ready = remoteWindowNotice(over, [over, { ...coming, state: "ready" }], NOW);
    assert.equal(ready?.buttons[0], "Reload Window");
    assert.notEqual(ready.key, first?.key);
  });

  it("knows whose host it is, also when that is a tombstone", () => {
    const { id, name, owner } = liveHost(1);
    const state = {
      version: 1 as const,
      prefix: "gpu-dev",
      server: "127.0.0.1:8710",
      identityFile: "/k",
      live: [liveHost(2)],
      tombstones: [
        {
          ...{ id, name, owner, own: true, endReason: null, endDetail: null },
          endedAt: "2026-11-23T14:02:00.000Z",
          removeAfter: "2026-11-24T14:02:00.000Z",
        },
      ],
    };
    const at = (host: string | null, reservationId: string | null = null) =>
      reservationIdHere({ host, reservationId }, state);
    assert.equal(at("gpu-dev-box1"), id);
    assert.equal(at("gpu-dev-box2"), liveHost(2).id);
    assert.equal(at("elsewhere"), null);
    assert.equal(at(null), null);
    assert.equal(at("gpu-dev-box1", "0000000000000009"), "0000000000000009");
    assert.equal(reservationIdHere({ host: "gpu-dev-box1", reservationId: null }, null), null);
  });
});
