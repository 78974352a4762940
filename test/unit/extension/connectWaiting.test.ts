import assert from "node:assert/strict";
import { Dismissed } from "../../../extension/src/core/errors.ts";
import { coalesceCalls } from "../../../extension/src/connect/hostSync.ts";
import {
  remoteWindowNotice,
  reservationIdOf,
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
    const abort = new AbortController();
    const reported: string[] = [];
    const onProgress = (text: string) => void reported.push(text);
    const done = waitUntilReady({ live, id: queued.id, signal: abort.signal, onProgress });
    return { done, reported, abort };
  };

  it("reports each change once, and ends when it is ready", async () => {
    const live = liveWith([queued]);
    const { done, reported } = wait(live);
    live.show([queued]);
    live.show([{ ...queued, state: "starting", phase: "disk" }]);
    live.show([reservationOf(1)]);
    assert.equal((await done).state, "ready");
    assert.deepEqual(reported, [
      "queued, 2nd in line: Both nodes are full.",
      "starting: attaching the disk",
    ]);
  });

  it("rejects with the reason when it can no longer become ready", async () => {
    const live = liveWith([queued]);
    const { done } = wait(live);
    live.show([
      { ...queued, state: "ended", endReason: "cancelled", endDetail: "Cancelled by ada" },
    ]);
    await assert.rejects(done, /^Error: box1 has ended: Cancelled by ada\. Make a new reservation/);
    const { done: other } = wait(live);
    await assert.rejects(other, /box1 has ended/);
    live.show([]);
    await assert.rejects(wait(live).done, /no longer in your list/);
  });

  it("N10: rejects with Dismissed after an abort and reports nothing further", async () => {
    const live = liveWith([queued]);
    const { done, reported, abort } = wait(live);
    abort.abort();
    await assert.rejects(done, Dismissed);
    live.show([{ ...queued, state: "starting", phase: "disk" }]);
    assert.equal(reported.length, 1);
  });
});

describe("coalesced calls", () => {
  it("share one more run if they arrive during a run, even after a failure", async () => {
    const runs: PromiseWithResolvers<number>[] = [];
    const call = coalesceCalls(() => {
      const run = Promise.withResolvers<number>();
      runs.push(run);
      return run.promise;
    });
    const first = call();
    const second = call();
    const third = call();
    assert.equal(runs.length, 1);
    runs[0]?.reject(new Error("no"));
    await assert.rejects(first, /no/);
    assert.equal(runs.length, 2);
    runs[1]?.resolve(2);
    assert.deepEqual([await second, await third], [2, 2]);
    const fourth = call();
    runs[2]?.resolve(3);
    assert.equal(await fourth, 3);
    assert.equal(runs.length, 3);
  });
});

describe("a remote window whose reservation has ended", () => {
  const ended = reservationOf(1, {
    state: "ended",
    endedAt: "2026-11-23T14:02:00.000Z",
    endReason: "expired",
    endDetail: "The lease expired",
  });

  it("N1: shows when and why it ended and where the files are, and offers the next step", () => {
    const notice = remoteWindowNotice(ended, [ended], NOW);
    assert.match(
      notice?.text ?? "",
      /^box1 ended at \d\d:02, when its lease expired\. Its files are on disk work\.$/,
    );
    assert.deepEqual(notice?.buttons, ["Reserve Again", "Close Remote"]);
    const bare = { ...ended, endDetail: undefined, spec: { ...ended.spec, disk: undefined } };
    assert.match(
      remoteWindowNotice(bare, [bare], NOW)?.text ?? "",
      /, when its lease expired\. It had no disk/,
    );
  });

  it("shows nothing before the end", () => {
    for (const state of ["queued", "starting", "ready", "stopping"] as const) {
      const live = reservationOf(1, { state });
      assert.equal(remoteWindowNotice(live, [live], NOW), undefined, state);
    }
  });

  it("shows that a newer reservation has the same name, and again when that is ready", () => {
    const coming = reservationOf(2, { name: "box1", state: "starting" });
    const first = remoteWindowNotice(ended, [ended, coming], NOW);
    assert.deepEqual([first?.about.id, first?.buttons[0]], [coming.id, "Show Details"]);
    const ready = remoteWindowNotice(ended, [ended, { ...coming, state: "ready" }], NOW);
    assert.equal(ready?.buttons[0], "Reload Window");
    assert.notEqual(ready.key, first?.key);
  });

  it("knows the reservation of its host, even after it has ended", () => {
    const { id, name, owner } = liveHost(1);
    const state = {
      version: 1 as const,
      prefix: "gpu-dev",
      server: "127.0.0.1:8710",
      identityFile: "/k",
      live: [liveHost(2)],
      tombstones: [
        {
          id,
          name,
          owner,
          own: true,
          endReason: undefined,
          endDetail: undefined,
          endedAt: "2026-11-23T14:02:00.000Z",
          removeAfter: "2026-11-24T14:02:00.000Z",
        },
      ],
    };
    const at = (host: string | undefined, reservationId?: string) =>
      reservationIdOf({ host, reservationId }, state);
    assert.equal(at("gpu-dev-box1"), id);
    assert.equal(at("gpu-dev-box2"), liveHost(2).id);
    assert.equal(at("elsewhere"), undefined);
    assert.equal(at(undefined), undefined);
    assert.equal(at("gpu-dev-box1", "0000000000000009"), "0000000000000009");
    assert.equal(
      reservationIdOf({ host: "gpu-dev-box1", reservationId: undefined }, undefined),
      undefined,
    );
  });
});
