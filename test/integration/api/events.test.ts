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
  const eventOf = (caller: Caller, message: string) => ({
    subject: { ownerId: caller.id, reservationId: undefined },
    event: { type: "reservation.phase", message } as const,
  });
  const append = async (caller: Caller, message: string): Promise<void> => {
    const { subject, event } = eventOf(caller, message);
    await appendEvent(api.database, subject, new Date(), event);
  };

  it("S8: sends each user their own events and no others", async () => {
    const streams = { alice: await open(alice), bob: await open(bob) };
    const ids = { alice: await reserve(alice), bob: await reserve(bob) };
    await append(alice, "last");
    await append(bob, "last");
    for (const reader of Object.values(streams)) {
      await waitFor(() => messages(reader).includes("last"), { describe: "the last event" });
    }
    for (const name of ["alice", "bob"] as const) {
      assert.deepEqual(
        streams[name].items.map(({ data }) => data["reservationId"]),
        [ids[name], null],
      );
    }
    const [first] = streams.alice.items;
    assert.equal(first?.event, "reservation.queued");
    assert.equal(first.data["id"], first.id);
  });

  it("S8: hides the list, timeline, logs and disks of another user, also in errors", async () => {
    const id = await reserve(alice);
    for (const part of ["", "/events", "/logs", "/connection"]) {
      const response = await bob.get(`/v1/reservations/${id}${part}`);
      assert.equal(response.status, 404);
      assert.ok(!JSON.stringify(response.body).includes("alice"));
    }
    const list = await bob.get("/v1/reservations?state=all");
    assert.ok(!JSON.stringify(list.body).includes(id));
  });

  it("resumes after Last-Event-ID without a gap or a repetition while new events are written", async () => {
    const first = await open(alice);
    for (let n = 0; n < 5; n += 1) await append(alice, `a${String(n)}`);
    await waitFor(() => first.items.length === 5, { describe: "five events" });
    first.close();
    const writing = Array.from({ length: 40 }, (_, n) => append(alice, `b${String(n)}`));
    const second = await open(alice, first.items[1]?.id);
    await Promise.all(writing);
    await waitFor(() => second.items.length >= 43, {
      describe: "the remaining and the new events",
    });
    assert.deepEqual(messages(second).slice(0, 3), ["a2", "a3", "a4"]);
    assert.equal(new Set(messages(second)).size, 43);
    const third = await open(alice, first.items[1]?.id);
    await waitFor(() => third.items.length >= 43, { describe: "the same events" });
    assert.deepEqual(messages(third), messages(second), "every stream has the same order");
  });

  it("misses nothing when transactions commit out of order", async () => {
    const reader = await open(alice);
    const early = await api.database.transaction();
    const { subject, event } = eventOf(alice, "begun first, committed last");
    await appendEvent(early, subject, new Date(), event);
    await append(alice, "begun last, committed first");
    await append(bob, "something else");
    // The stream holds back events that an event of the open transaction may still precede. Another
    // stream, with an old cursor, receives earlier messages meanwhile.
    const oldCursor = await open(bob, "1-0");
    await waitFor(() => oldCursor.items.length > 0, { describe: "an earlier message" });
    assert.deepEqual(messages(reader), []);
    await early.commit();
    await waitFor(() => reader.items.length === 2, { describe: "both events" });
    assert.deepEqual(messages(reader), [
      "begun first, committed last",
      "begun last, committed first",
    ]);
    const again = await open(alice, reader.items[0]?.id);
    await waitFor(() => again.items.length > 0, { describe: "the second event" });
    assert.deepEqual(messages(again), ["begun last, committed first"]);
  });

  it("sends resync for an invalid cursor and for one that is older than the kept events", async () => {
    const malformed = await open(alice, "garbage");
    const unknown = await open(alice, "999999999999-5");
    const large = await open(alice, "5-4294967296");
    const tooLarge = await open(alice, "99999999999999999999-99999999999999999999");
    await append(alice, "old");
    const reader = await open(alice);
    await append(alice, "new");
    // A stream may begin a little before it was opened: it also sends "old" if a transaction was
    // open that is older than that event.
    await waitFor(() => messages(reader).includes("new"), { describe: "the new event" });
    const last = reader.items.find(({ data }) => data["message"] === "new");
    await rows(
      api.database,
      "update events set at = now() - interval '91 days' where message = 'new' returning id",
    );
    const pruned = await open(alice, last?.id);
    for (const stream of [malformed, unknown, large, tooLarge, pruned]) {
      await waitFor(() => stream.items[0]?.event === "resync", { describe: "resync" });
    }
    await append(alice, "after");
    await waitFor(() => messages(pruned).includes("after"), { describe: "the event after it" });
    assert.equal(pruned.items.length, 2);
  });

  it("responds to HEAD without opening a stream, and releases closed streams", async () => {
    const head = await alice.request("HEAD", "/v1/events");
    assert.equal(head.status, 200);
    const reader = await open(alice);
    const metrics = async (): Promise<string> =>
      (await send(`${api.url}/metrics`)).body["text"] as string;
    await waitFor(async () => (await metrics()).includes("gpu_dev_event_streams 1\n"), {
      describe: "one open stream",
    });
    reader.close();
    await waitFor(async () => (await metrics()).includes("gpu_dev_event_streams 0\n"), {
      describe: "no open stream",
    });
  });
});
