import assert from "node:assert/strict";
import type { ReservationId } from "@gpu-dev/shared/ids.ts";
import { firstRow, rows } from "../../../control-plane/src/store/database.ts";
import { findReservation } from "../../../control-plane/src/store/reservations.ts";
import { writeReservation } from "../../../control-plane/src/store/transition.ts";
import { REQUEST, startApi, type ApiUnderTest, type Caller } from "./apiUnderTest.ts";

describe("guarded writes", () => {
  let api: ApiUnderTest;
  let alice: Caller;
  before(async () => {
    api = await startApi();
    alice = await api.signIn("alice");
  });
  after(() => api.stop());

  const reserve = async (change = {}): Promise<ReservationId> =>
    (await alice.post("/v1/reservations", { ...REQUEST, ...change })).body["id"] as ReservationId;
  const place = {
    phase: "placing",
    placedAt: new Date(),
    capacityUntil: new Date(),
    attempt: 1,
  } as const;

  it("R3: a late writer is refused by generation, and leaves neither a column nor an event", async () => {
    const id = await reserve();
    const seen = await findReservation(api.database, id);
    assert.ok(seen);
    await alice.post(`/v1/reservations/${id}/cancel`);
    const events = await alice.get(`/v1/reservations/${id}/events`);
    const before = await findReservation(api.database, id);
    const late = await api.database.transaction((trx) =>
      writeReservation(trx, seen, {
        to: "starting",
        patch: place,
        events: [{ type: "reservation.placed", message: "Placed." }],
        now: new Date(),
      }),
    );
    assert.deepEqual(late, { outcome: "stale" });
    assert.deepEqual(await findReservation(api.database, id), before);
    assert.deepEqual((await alice.get(`/v1/reservations/${id}/events`)).body, events.body);
  });

  it("R3: of ten writers that read the same generation, one writes", async () => {
    const id = await reserve();
    const seen = await findReservation(api.database, id);
    assert.ok(seen);
    const written = await Promise.all(
      Array.from({ length: 10 }, () =>
        api.database.transaction((trx) =>
          writeReservation(trx, seen, { to: "starting", patch: place, now: new Date() }),
        ),
      ),
    );
    assert.equal(written.filter(({ outcome }) => outcome === "updated").length, 1);
    assert.equal((await findReservation(api.database, id))?.generation, 1);
  });

  it("Q7: every field of a request reads back equal after a placement and a return to the queue", async () => {
    const request = {
      ...REQUEST,
      disk: "q7",
      image: "pytorch",
      labels: { team: "vision", "a.b_c": "x" },
    };
    const id = await reserve({ ...request, name: "q7" });
    const first = await alice.get(`/v1/reservations/${id}`);
    for (const [to, patch] of [
      ["starting", place],
      ["queued", { phase: undefined, placedAt: undefined, capacityUntil: undefined }],
    ] as const) {
      const seen = await findReservation(api.database, id);
      assert.ok(seen);
      const written = await api.database.transaction((trx) =>
        writeReservation(trx, seen, { to, patch, now: new Date() }),
      );
      assert.equal(written.outcome, "updated");
    }
    const after = await alice.get(`/v1/reservations/${id}`);
    assert.deepEqual(after.body["spec"], request);
    assert.deepEqual(after.body["spec"], first.body["spec"]);
    assert.equal(after.body["generation"], 2);
  });

  const forbidden: [string, string][] = [
    ["a phase of another state", "state = 'queued', phase = 'booting'"],
    ["starting without a phase", "state = 'starting', placed_at = now(), capacity_until = now()"],
    ["starting without a placement", "state = 'starting', phase = 'placing'"],
    [
      "ready without an end",
      "state = 'ready', placed_at = now(), capacity_until = now(), ready_at = now()",
    ],
    ["an end reason of a running reservation", "end_reason = 'expired'"],
    ["stopping without a reason", "state = 'stopping', phase = 'closing'"],
    ["ended without a time", "state = 'ended', end_reason = 'expired'"],
    [
      "ended with the reason of a failure",
      "state = 'ended', end_reason = 'node-lost', ended_at = now()",
    ],
    [
      "failed with the reason of a regular end",
      "state = 'failed', end_reason = 'expired', ended_at = now()",
    ],
    [
      "a lease longer than its capacity",
      "expires_at = now() + interval '1 hour', capacity_until = now()",
    ],
    ["more than 48 hours in total", "extended_seconds = 172800"],
    ["an unknown state", "state = 'lost'"],
    ["an invalid name", "name = 'A b'"],
  ];
  for (const [what, assignment] of forbidden) {
    it(`R3: the database refuses ${what}`, async () => {
      const id = await reserve();
      await assert.rejects(
        rows(api.database, `update reservations set ${assignment} where id = ? returning id`, [id]),
        { code: "23514" },
      );
      await alice.post(`/v1/reservations/${id}/cancel`);
    });
  }

  it("N2, D1: the database refuses a second live reservation of one name, and a second holder of one disk", async () => {
    const first = await reserve({ name: "n-one", disk: "d-one" });
    const second = await reserve({ name: "n-two" });
    await assert.rejects(
      rows(api.database, "update reservations set name = 'n-one' where id = ? returning id", [
        second,
      ]),
      { code: "23505", constraint: "one_live_reservation_per_name" },
    );
    const disk = await firstRow<{ disk_id: string }>(
      api.database,
      "select disk_id from attachments where reservation_id = ?",
      [first],
    );
    await assert.rejects(
      rows(
        api.database,
        "insert into attachments (disk_id, reservation_id, attached_at) values (?, ?, now())",
        [disk?.disk_id ?? "", second],
      ),
      { code: "23505", constraint: "one_holder_per_disk" },
    );
  });
});
