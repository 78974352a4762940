import assert from "node:assert/strict";
import pg from "pg";
import { addMs } from "@gpu-dev/shared/durations.ts";
import { insertAttempt, releaseAttempt } from "../../../control-plane/src/store/attempts.ts";
import { removeNodesExcept } from "../../../control-plane/src/store/capacity.ts";
import { rows } from "../../../control-plane/src/store/database.ts";
import { waitFor } from "../../support/waitFor.ts";
import { settle } from "../reconcilers/lifecycle.ts";
import { startFixture, type Fixture } from "../reconcilers/fixture.ts";
import { REQUEST, startApi, type ApiUnderTest, type Caller } from "./apiUnderTest.ts";
import { readEvents, type EventReader } from "./eventReader.ts";

const HINT_TIMEOUT_MS = 1_500;

describe("hints on the event stream", () => {
  let fixture: Fixture;
  let api: ApiUnderTest;
  let secondApi: ApiUnderTest;
  let bob: Caller;
  /** The streams of ada, who owns the fixture, of bob, and of ada again at another process. */
  let streams: { ada: EventReader; bob: EventReader; adaAtSecondApi: EventReader };
  let listener: pg.Client;
  const notified: string[] = [];

  before(async () => {
    fixture = await startFixture();
    await fixture.kubelet.addNode("h100-1", "h100", 8);
    await fixture.reconcile("capacity");
    const testDatabase = { url: fixture.databaseUrl, drop: () => Promise.resolve() };
    api = await startApi({ testDatabase });
    secondApi = await startApi({ testDatabase });
    const ada = await api.signIn("ada");
    bob = await api.signIn("bob");
    assert.equal(ada.id, fixture.owner);
    streams = {
      ada: await readEvents(api.url, ada.token),
      bob: await readEvents(api.url, bob.token),
      adaAtSecondApi: await readEvents(secondApi.url, ada.token),
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
    await secondApi.stop();
    await fixture.stop();
  });
  beforeEach(waitUntilQuiet);

  /** Waits longer than the second during which hints are held back, so that none is pending. */
  async function waitUntilQuiet(): Promise<void> {
    const started = performance.now();
    const last = () => Math.max(started, ...allHints().map(({ at }) => at));
    await waitFor(() => performance.now() - last() > 1_300, { describe: "a quiet stream" });
    notified.length = 0;
  }
  const allHints = () => Object.values(streams).flatMap(({ hints }) => hints);
  const countHints = (stream: EventReader, topic: string) =>
    stream.hints.filter(({ what }) => what.includes(topic)).length;
  const waitForHint = async (stream: EventReader, topic: string, work: () => Promise<unknown>) => {
    const before = countHints(stream, topic);
    await work();
    await waitFor(() => countHints(stream, topic) > before, {
      timeoutMs: HINT_TIMEOUT_MS,
      describe: `a hint of ${topic}`,
    });
  };
  /**
   * The notifications of the database since the last call or quiet time. The database sends them in
   * the order of commits, so the mark is the last.
   */
  const notifications = async (): Promise<string[]> => {
    await rows(fixture.database, "select pg_notify('gpu_dev_changes', 'mark')");
    await waitFor(() => notified.at(-1) === "mark", { describe: "the mark" });
    return notified.splice(0).filter((payload) => payload !== "mark");
  };

  it("report another user's reservation as availability, from every process", async () => {
    const { adaAtSecondApi } = streams;
    const before = countHints(adaAtSecondApi, "availability");
    await waitForHint(streams.ada, "availability", () => bob.post("/v1/reservations", REQUEST));
    await waitFor(() => countHints(adaAtSecondApi, "availability") > before, {
      timeoutMs: HINT_TIMEOUT_MS,
      describe: "the hint of the second process",
    });
    assert.equal(streams.ada.hints.at(-1)?.id, undefined, "a hint must not move the cursor");
    await waitUntilQuiet();
    await waitForHint(streams.ada, "availability", () => fixture.reconcile("plan", "h100"));
  });

  it("report a changed position or reason as waiting, only to the owner", async () => {
    const before = countHints(streams.bob, "waiting");
    const id = await fixture.reserve({ gpus: 8 });
    await waitForHint(streams.ada, "waiting", () => fixture.reconcile("plan", "h100"));
    assert.match((await fixture.read(id)).waitingReason ?? "", /\S/);
    // When bob receives a later hint, no earlier hint can still be pending.
    await waitUntilQuiet();
    await waitForHint(streams.bob, "availability", async () => {
      await fixture.cancel(id);
      await settle(fixture, id);
    });
    assert.equal(countHints(streams.bob, "waiting"), before);
  });

  it("report freed units and changed nodes as availability", async () => {
    const id = await fixture.reserve({ gpus: 1 });
    await fixture.advance(id);
    await waitUntilQuiet();
    await waitForHint(streams.bob, "availability", async () => {
      await fixture.cancel(id);
      await settle(fixture, id);
    });
    await waitUntilQuiet();
    await waitForHint(streams.bob, "availability", async () => {
      await fixture.kubelet.addNode("h100-2", "h100", 8);
      await fixture.reconcile("capacity");
    });
    for (const ready of [false, true]) {
      await waitUntilQuiet();
      await waitForHint(streams.bob, "availability", async () => {
        await fixture.kubelet.setNodeReady("h100-2", ready);
        fixture.clock.step(1_000);
        await fixture.reconcile("capacity");
      });
    }
  });

  it("report a held unit, a released unit and a removed node once each", async () => {
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
    await removeNodesExcept(fixture.database, ["h100-1"], addMs(fixture.clock.now(), 1));
    assert.deepEqual(await notifications(), ["availability"]);
    await fixture.cancel(reservationId);
    await settle(fixture, reservationId);
  });

  it("report neither resyncs nor plans with the same result", async () => {
    const both = [await fixture.reserve({ gpus: 8 }), await fixture.reserve({ gpus: 8 })];
    await fixture.reconcile("capacity");
    await fixture.reconcile("plan", "h100");
    const states = (await Promise.all(both.map((id) => fixture.read(id)))).map(
      ({ state }) => state,
    );
    assert.deepEqual(states.sort(), ["queued", "starting"]);
    const first = await notifications();
    assert.ok(first.includes("availability") && first.includes(`waiting/${fixture.owner}`));
    // The second plan knows when the reservation that the first plan placed will end.
    await fixture.reconcile("plan", "h100");
    await waitUntilQuiet();
    const hints = allHints().length;
    for (let round = 0; round < 2; round += 1) {
      fixture.clock.step(30_000);
      await fixture.reconcile("capacity");
      await fixture.reconcile("plan", "h100");
      await fixture.reconcile("resync");
    }
    assert.deepEqual(await notifications(), []);
    assert.equal(allHints().length, hints);
  });

  it("combine a burst of changes into few hints, including the last change", async () => {
    const before = streams.ada.hints.length;
    const began = performance.now();
    for (let n = 0; n < 20; n += 1) {
      const response = await bob.post("/v1/reservations", { ...REQUEST, gpus: 1 });
      assert.equal(response.status, 201);
    }
    const ended = performance.now();
    await waitUntilQuiet();
    const hints = streams.ada.hints.slice(before);
    const limit = 2 + Math.ceil((ended - began) / 1_000);
    assert.ok(hints.length <= limit, `${String(hints.length)} hints, limit ${String(limit)}`);
    assert.ok((hints.at(-1)?.at ?? 0) > ended, "the last hint came after the last change");
  });
});
