import assert from "node:assert/strict";
import pg from "pg";
import { addMs as later } from "@gpu-dev/shared/durations.ts";
import { insertAttempt, releaseAttempt } from "../../../control-plane/src/store/attempts.ts";
import { removeNodesExcept } from "../../../control-plane/src/store/capacity.ts";
import { rows } from "../../../control-plane/src/store/database.ts";
import { waitFor } from "../../support/waitFor.ts";
import { settle } from "../reconcilers/lifecycle.ts";
import { startFixture, type Fixture } from "../reconcilers/fixture.ts";
import { REQUEST, startApi, type ApiUnderTest, type Caller } from "./apiUnderTest.ts";
import { readEvents, type EventReader } from "./eventReader.ts";

const SOON = { timeoutMs: 1_500 };

describe("hints on the event stream", () => {
  let fixture: Fixture;
  let api: ApiUnderTest;
  let other: ApiUnderTest;
  let bob: Caller;
  /** Of the fixture's owner, of bob, and of ada again at another process. */
  let streams: { ada: EventReader; bob: EventReader; elsewhere: EventReader };
  let listener: pg.Client;
  const notified: string[] = [];

  before(async () => {
    fixture = await startFixture();
    await fixture.kubelet.addNode("h100-1", "h100", 8);
    await fixture.reconcile("capacity");
    const testDatabase = { url: fixture.databaseUrl, drop: () => Promise.resolve() };
    api = await startApi({ testDatabase });
    other = await startApi({ testDatabase });
    const ada = await api.signIn("ada");
    bob = await api.signIn("bob");
    assert.equal(ada.id, fixture.owner);
    streams = {
      ada: await readEvents(api.url, ada.token),
      bob: await readEvents(api.url, bob.token),
      elsewhere: await readEvents(other.url, ada.token),
    };
    listener = new pg.Client({ connectionString: fixture.databaseUrl });
    listener.on("notification", ({ payload }) => notified.push(payload ?? ""));
    await listener.connect();
    await listener.query("listen gpu_dev_changes");
  });
  after(async () => {
    for (const stream of Object.values(streams)) stream.close();
    await listener.end();
    await api.stop();
    await other.stop();
    await fixture.stop();
  });
  beforeEach(quiet);

  /** Until no hint can still be on its way: longer than the quiet second. */
  async function quiet(): Promise<void> {
    const opened = performance.now();
    const last = () => Math.max(opened, ...all().map(({ at }) => at));
    await waitFor(() => performance.now() - last() > 1_300, { describe: "a quiet stream" });
    notified.length = 0;
  }
  const all = () => Object.values(streams).flatMap(({ hints }) => hints);
  const said = (stream: EventReader, word: string) =>
    stream.hints.filter(({ what }) => what.includes(word)).length;
  const heard = async (stream: EventReader, word: string, work: () => Promise<unknown>) => {
    const before = said(stream, word);
    await work();
    await waitFor(() => said(stream, word) > before, { ...SOON, describe: `a hint of ${word}` });
  };
  /**
   * What the database notified since the last quiet time; in the order of commits, so the mark
   * comes last.
   */
  const notifications = async (): Promise<string[]> => {
    await rows(fixture.database, "select pg_notify('gpu_dev_changes', 'mark')");
    await waitFor(() => notified.at(-1) === "mark", { describe: "the mark" });
    return notified.splice(0).filter((payload) => payload !== "mark");
  };

  it("another user's reservation says availability within a second, in every process", async () => {
    const elsewhere = said(streams.elsewhere, "availability");
    await heard(streams.ada, "availability", () => bob.post("/v1/reservations", REQUEST));
    await waitFor(() => said(streams.elsewhere, "availability") > elsewhere, {
      ...SOON,
      describe: "the other process",
    });
    assert.equal(streams.ada.hints.at(-1)?.id, undefined, "it must not move the cursor");
    await quiet();
    await heard(streams.ada, "availability", () => fixture.reconcile("plan", "h100"));
  });

  it("a changed place or reason says waiting to its owner and to nobody else", async () => {
    const bobs = said(streams.bob, "waiting");
    const id = await fixture.reserve({ gpus: 8 });
    await heard(streams.ada, "waiting", () => fixture.reconcile("plan", "h100"));
    assert.match((await fixture.read(id)).waitingReason ?? "", /\S/);
    // A later hint for everybody has reached bob: earlier hints have arrived, or never will.
    await quiet();
    await heard(streams.bob, "availability", async () => {
      await fixture.cancel(id);
      await settle(fixture, id);
    });
    assert.equal(said(streams.bob, "waiting"), bobs);
  });

  it("units that become free and nodes that change say availability", async () => {
    const id = await fixture.reserve({ gpus: 1 });
    await fixture.advance(id);
    await quiet();
    await heard(streams.bob, "availability", async () => {
      await fixture.cancel(id);
      await settle(fixture, id);
    });
    await quiet();
    await heard(streams.bob, "availability", async () => {
      await fixture.kubelet.addNode("h100-2", "h100", 8);
      await fixture.reconcile("capacity");
    });
    for (const ready of [false, true]) {
      await quiet();
      await heard(streams.bob, "availability", async () => {
        await fixture.kubelet.setNodeReady("h100-2", ready);
        fixture.clock.step(1_000);
        await fixture.reconcile("capacity");
      });
    }
  });

  it("a unit that is held, one that is given back, and a node that goes are each reported once", async () => {
    const reservationId = await fixture.reserve({ gpus: 1 });
    const podName = `gd-${reservationId}-0-1`;
    const held = { reservationId, rank: 0, attempt: 1, node: "h100-2", units: 1, podName };
    await notifications();
    await insertAttempt(fixture.database, { ...held, now: fixture.clock.now() });
    assert.deepEqual(await notifications(), ["availability"]);
    await releaseAttempt(fixture.database, podName, fixture.clock.now());
    assert.deepEqual(await notifications(), ["availability"]);
    await removeNodesExcept(fixture.database, ["h100-1"], fixture.clock.now());
    assert.deepEqual(await notifications(), []);
    await removeNodesExcept(fixture.database, ["h100-1"], later(fixture.clock.now(), 1));
    assert.deepEqual(await notifications(), ["availability"]);
    await fixture.cancel(reservationId);
    await settle(fixture, reservationId);
  });

  it("reports nothing at idle: not for resyncs, nor for plans with the same result", async () => {
    const both = [await fixture.reserve({ gpus: 8 }), await fixture.reserve({ gpus: 8 })];
    await fixture.reconcile("capacity");
    await fixture.reconcile("plan", "h100");
    const states = (await Promise.all(both.map((id) => fixture.read(id)))).map(
      ({ state }) => state,
    );
    assert.deepEqual(states.sort(), ["queued", "starting"]);
    const first = await notifications();
    assert.ok(first.includes("availability") && first.includes(`waiting/${fixture.owner}`));
    // The end of what the first plan placed is known to the second.
    await fixture.reconcile("plan", "h100");
    await quiet();
    const hints = all().length;
    for (let round = 0; round < 2; round += 1) {
      fixture.clock.step(30_000);
      await fixture.reconcile("capacity");
      await fixture.reconcile("plan", "h100");
      await fixture.reconcile("resync");
    }
    assert.deepEqual(await notifications(), []);
    assert.equal(all().length, hints);
  });

  it("reports a burst of changes in few hints, and the last change is among them", async () => {
    const before = streams.ada.hints.length;
    const began = performance.now();
    for (let n = 0; n < 20; n += 1) {
      const answer = await bob.post("/v1/reservations", { ...REQUEST, gpus: 1 });
      assert.equal(answer.status, 201);
    }
    const ended = performance.now();
    await quiet();
    const hints = streams.ada.hints.slice(before);
    const most = 2 + Math.ceil((ended - began) / 1_000);
    assert.ok(hints.length <= most, `${String(hints.length)} hints of at most ${String(most)}`);
    assert.ok((hints.at(-1)?.at ?? 0) > ended, "the last hint came after the last change");
  });
});
