import assert from "node:assert/strict";
import type { ReservationId } from "@gpu-dev/shared/ids.ts";
import { appendEvent } from "../../../control-plane/src/store/events.ts";
import { rows } from "../../../control-plane/src/store/database.ts";
import { waitFor } from "../../support/waitFor.ts";
import { REQUEST, send, startApi, type ApiUnderTest, type Caller } from "./apiUnderTest.ts";
import { readEvents, type EventReader } from "./eventReader.ts";

describe("the event stream", () => {
  let api: ApiUnderTest;
  let alice: Caller;
  let bob: Caller;
  const readers: EventReader[] = [];
  before(async () => {
    api = await startApi();
    alice = await api.signIn("alice");
    bob = await api.signIn("bob");
  });
  after(() => api.stop());
  afterEach(() => {
    for (const reader of readers.splice(0)) reader.close();
  });

  const open = async (caller: Caller, lastEventId?: string): Promise<EventReader> => {
    const reader = await readEvents(api.url, caller.token, lastEventId);
    readers.push(reader);
    return reader;
  };
  const reserve = async (caller: Caller): Promise<ReservationId> =>
    (await caller.post("/v1/reservations", REQUEST)).body["id"] as ReservationId;
  const messages = (reader: EventReader) => reader.items.map(({ data }) => data["message"]);
  const append = (caller: Caller, message: string) => ({
    subject: { ownerId: caller.id, reservationId: undefined },
    event: { type: "reservation.phase", message } as const,
  });
  const say = async (caller: Caller, message: string): Promise<void> => {
    const { subject, event } = append(caller, message);
    await appendEvent(api.database, subject, new Date(), event);
  };

  it("S8: sends each user their own events and no others", async () => {
    const [hers, his] = [await open(alice), await open(bob)];
    const mine = await reserve(alice);
    const theirs = await reserve(bob);
    await waitFor(() => hers.items.length > 0 && his.items.length > 0, { describe: "both events" });
    await say(alice, "last");
    await say(bob, "last");
    await waitFor(() => messages(hers).includes("last") && messages(his).includes("last"), {
      describe: "the last",
    });
    assert.deepEqual(
      hers.items.map(({ data }) => data["reservationId"]),
      [mine, null],
    );
    assert.deepEqual(
      his.items.map(({ data }) => data["reservationId"]),
      [theirs, null],
    );
    assert.equal(hers.items[0]?.event, "reservation.queued");
    assert.equal(hers.items[0].data["id"], hers.items[0].id);
  });

  it("S8: the list, the timeline, the logs and the disks of another user stay hidden, and errors name nothing", async () => {
    const id = await reserve(alice);
    for (const part of ["", "/events", "/logs", "/connection"]) {
      const answer = await bob.get(`/v1/reservations/${id}${part}`);
      assert.equal(answer.status, 404);
      assert.ok(!JSON.stringify(answer.body).includes("alice"));
    }
    const list = await bob.get("/v1/reservations?state=all");
    assert.ok(!JSON.stringify(list.body).includes(id));
  });

  it("resumes after Last-Event-ID without a gap or a repeat, while events keep coming", async () => {
    const first = await open(alice);
    for (let n = 0; n < 5; n += 1) await say(alice, `a${String(n)}`);
    await waitFor(() => first.items.length === 5, { describe: "five events" });
    first.close();
    const writing = Array.from({ length: 40 }, (_, n) => say(alice, `b${String(n)}`));
    const second = await open(alice, first.items[1]?.id);
    await Promise.all(writing);
    await waitFor(() => second.items.length >= 43, { describe: "the rest and the new ones" });
    assert.deepEqual(messages(second).slice(0, 3), ["a2", "a3", "a4"]);
    assert.equal(new Set(messages(second)).size, 43);
    const third = await open(alice, first.items[1]?.id);
    await waitFor(() => third.items.length >= 43, { describe: "the same again" });
    assert.deepEqual(messages(third), messages(second), "the order is the same for everybody");
  });

  it("misses nothing when transactions commit out of order", async () => {
    const reader = await open(alice);
    const early = await api.database.transaction();
    const { subject, event } = append(alice, "begun first, committed last");
    await appendEvent(early, subject, new Date(), event);
    await say(alice, "begun last, committed first");
    await say(bob, "something else");
    // The stream holds back what an open transaction could still come before; a timeline does not
    // wait.
    const behind = await open(bob, "1-0");
    await waitFor(() => messages(behind).length > 0 || behind.items.length > 0, {
      describe: "an answer",
    });
    assert.deepEqual(messages(reader), []);
    await early.commit();
    await waitFor(() => reader.items.length === 2, { describe: "both" });
    assert.deepEqual(messages(reader), [
      "begun first, committed last",
      "begun last, committed first",
    ]);
    const again = await open(alice, reader.items[0]?.id);
    await waitFor(() => again.items.length > 0, { describe: "the second one" });
    assert.deepEqual(messages(again), ["begun last, committed first"]);
  });

  it("sends resync for an invalid cursor and for one older than the events that are kept", async () => {
    const unreadable = await open(alice, "garbage");
    const foreign = await open(alice, "999999999999-5");
    await say(alice, "old");
    const reader = await open(alice);
    await say(alice, "new");
    // A stream may begin a little before it was opened: "old" is sent too while any transaction is
    // older than it.
    await waitFor(() => messages(reader).includes("new"), { describe: "the new event" });
    const last = reader.items.find(({ data }) => data["message"] === "new");
    await rows(
      api.database,
      "update events set at = now() - interval '91 days' where message = 'new' returning id",
    );
    const pruned = await open(alice, last?.id);
    for (const stream of [unreadable, foreign, pruned]) {
      await waitFor(() => stream.items[0]?.event === "resync", { describe: "resync" });
    }
    await say(alice, "after");
    await waitFor(() => messages(pruned).includes("after"), { describe: "what came after" });
    assert.equal(pruned.items.length, 2);
  });

  it("answers HEAD without opening a stream, and keeps no closed one", async () => {
    const head = await alice.request("HEAD", "/v1/events");
    assert.equal(head.status, 200);
    const reader = await open(alice);
    const openStreams = async (): Promise<string> =>
      (await send(`${api.url}/metrics`)).body["text"] as string;
    await waitFor(async () => (await openStreams()).includes("gpu_dev_event_streams 1\n"), {
      describe: "one stream",
    });
    reader.close();
    await waitFor(async () => (await openStreams()).includes("gpu_dev_event_streams 0\n"), {
      describe: "none",
    });
  });
});
