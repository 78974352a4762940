import assert from "node:assert/strict";
import type { ReservationId } from "@gpu-dev/shared/ids.ts";
import type { Account } from "../../../extension/src/account/account.ts";
import type { Live } from "../../../extension/src/live/live.ts";
import type { LiveChange } from "../../../extension/src/live/stateKeeper.ts";
import { rows } from "../../../control-plane/src/store/database.ts";
import { takeViolations } from "../../support/observedServers.ts";
import { createTestDatabase, type TestDatabase } from "../../support/postgres.ts";
import { requireTool } from "../../support/requireTool.ts";
import { waitFor } from "../../support/waitFor.ts";
import { type ApiUnderTest, type Caller, REQUEST, send, startApi } from "../api/apiUnderTest.ts";
import { type EditorUnderTest, startEditor } from "./windowUnderTest.ts";

describe("the extension's live state at the real control plane", function () {
  this.timeout(60_000);
  let testDatabase: TestDatabase;
  let api: ApiUnderTest;
  let editor: EditorUnderTest;
  let account: Account;
  let ada: Caller;
  let live: Live;

  before(function () {
    requireTool(this, "ssh-keygen");
  });
  beforeEach(async () => {
    testDatabase = await createTestDatabase();
    api = await startApi({ testDatabase });
    editor = await startEditor();
    account = await editor.open(api.url);
    await account.signIn({ user: "ada" });
    ada = await api.signIn("ada");
    live = editor.follow(account);
    await isLive();
  });
  afterEach(async () => {
    await editor.close();
    await api.stop();
    await testDatabase.drop();
  });

  const isLive = () => waitFor(() => live.state.contact.kind === "live", { describe: "contact" });
  const reserve = async () =>
    (await ada.post("/v1/reservations", REQUEST)).body["id"] as ReservationId;
  const stateOf = (id: string) => live.state.reservations?.find((each) => each.id === id)?.state;
  const become = (id: string, state: string | undefined) =>
    waitFor(() => stateOf(id) === state, { describe: state ?? "gone" });
  const seen = () => {
    const changes: LiveChange[] = [];
    live.onDidChange((change) => changes.push(change));
    return changes;
  };
  /** Requests by route since the server started, as its own metrics count them. */
  const requests = async () => {
    const text = (await send(`${api.url}/metrics`)).body["text"] as string;
    const counts = text.matchAll(/_duration_seconds_count\{route="([^"]+)"[^}]*\} (\d+)/g);
    return new Map([...counts].map(([, route, count]) => [route, Number(count)]));
  };

  it("reads everything once the stream is open", () => {
    const { reservations, availability, disks, catalogue, asOf } = live.state;
    assert.deepEqual([reservations, disks], [[], []]);
    assert.ok(availability !== undefined && catalogue !== undefined && asOf !== undefined);
    assert.ok(catalogue.types.length > 0);
  });

  it("shows the change that an event reports, and redraws only that reservation", async () => {
    const [other, changes] = [await reserve(), seen()];
    await become(other, "queued");
    changes.length = 0;
    const received: string[] = [];
    live.onEvent(({ type }) => received.push(type));
    const id = await reserve();
    await become(id, "queued");
    const { status } = await ada.post(`/v1/reservations/${id}/cancel`);
    assert.equal(status, 202);
    await waitFor(
      () => live.state.reservations?.find((each) => each.id === id)?.cancelRequestedAt,
      {
        describe: "the cancellation",
      },
    );
    assert.deepEqual(received.slice(0, 2), ["reservation.queued", "reservation.cancel-requested"]);
    const drawn = changes.flatMap(({ reservations }) => reservations);
    assert.ok(drawn.includes(id) && !drawn.includes("all"));
    assert.equal(live.state.reservations?.[0]?.id, id, "newest first");
  });

  it("applies the response to a write at once, and nothing older after it", async () => {
    const id = await reserve();
    await become(id, "queued");
    const known = live.state.reservations?.find((each) => each.id === id);
    assert.ok(known);
    live.put({ ...known, state: "ready", generation: known.generation + 1 });
    assert.equal(stateOf(id), "ready");
    live.put(known);
    assert.equal(stateOf(id), "ready");
  });

  it("keeps no data for the next user or after the sign-out", async () => {
    const id = await reserve();
    await become(id, "queued");
    const reading = live.refresh();
    await account.signOut();
    assert.equal(live.state.reservations, undefined);
    await reading.catch(() => undefined);
    assert.equal(live.state.reservations, undefined);
    await assert.rejects(live.refresh(), /Sign in/);
    await account.signIn({ user: "grace" });
    await isLive();
    assert.deepEqual(live.state.reservations, []);
  });

  it("N11: keeps the last data with its age while the server is unavailable, and recovers without a flood of requests", async () => {
    const id = await reserve();
    await become(id, "queued");
    const port = Number(new URL(api.url).port);
    const away = new Date();
    await api.stop();
    const lost = await waitFor(
      () => (live.state.contact.kind === "lost" ? live.state.contact : undefined),
      { describe: "the loss" },
    );
    assert.ok(lost.since >= away);
    assert.equal(stateOf(id), "queued");
    const { asOf } = live.state;
    assert.ok(asOf !== undefined && asOf <= lost.since);
    await assert.rejects(live.refresh(), /No response from the server/);
    assert.equal(stateOf(id), "queued");
    assert.deepEqual(live.state.asOf, asOf, "a failed read changes nothing");

    api = await startApi({ testDatabase, port });
    ada = await api.signIn("ada");
    const meanwhile = await reserve();
    await isLive();
    await become(meanwhile, "queued");
    const counts = await requests();
    const many = JSON.stringify([...counts]);
    // One reading on return; a second where the stream had to be opened twice.
    for (const route of ["getAvailability", "listDisks", "getCatalogue"]) {
      const count = counts.get(route) ?? 0;
      assert.ok(count >= 1 && count <= 2, `${route}: ${many}`);
    }
    assert.ok((counts.get("listReservations") ?? 0) <= 4, many);
    assert.ok((counts.get("getReservation") ?? 0) <= 2, many);
  });

  it("R14: re-reads the reservation of an event of an unknown type", async () => {
    const id = await reserve();
    await become(id, "queued");
    // As a newer server would do it: a change, and an event in words that we don't know.
    await rows(
      api.database,
      "update reservations set cancel_requested_at = now(), generation = generation + 1 where id = ? returning id",
      [id],
    );
    await rows(
      api.database,
      `insert into events (owner_id, reservation_id, type, at, message, data)
       values (?, ?, 'reservation.paused', now(), 'Paused.', '{}') returning id`,
      [ada.id, id],
    );
    await waitFor(() => live.state.reservations?.[0]?.cancelRequestedAt, {
      describe: "the change",
    });
    assert.equal(live.state.contact.kind, "live");
    // Only this event is not as openapi.json describes it.
    await editor.close();
    await waitFor(() => takeViolations().join("\n").includes("reservation.paused"), {
      describe: "the observer of the server to report the event",
    });
  });
});
