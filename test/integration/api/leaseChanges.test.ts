import assert from "node:assert/strict";
import { addSeconds } from "@gpu-dev/shared/durations.ts";
import { clockTime } from "../../../control-plane/src/domain/clockTime.ts";
import type { ReservationId } from "@gpu-dev/shared/ids.ts";
import type { Reservation } from "../../../control-plane/src/domain/reservation.ts";
import { firstRow, rows } from "../../../control-plane/src/store/database.ts";
import { findReservation } from "../../../control-plane/src/store/reservations.ts";
import { writeReservation } from "../../../control-plane/src/store/transition.ts";
import { REQUEST, startApi, type ApiUnderTest, type Caller } from "./apiUnderTest.ts";

describe("extending and cancelling", () => {
  let api: ApiUnderTest;
  let alice: Caller;
  before(async () => {
    api = await startApi();
    alice = await api.signIn("alice");
  });
  after(() => api.stop());

  const reserve = async (durationSeconds = 3_600): Promise<ReservationId> => {
    const made = await alice.post("/v1/reservations", { ...REQUEST, durationSeconds });
    assert.equal(made.status, 201);
    return made.body["id"] as ReservationId;
  };
  /** As the reconcilers leave it: ready, with this many seconds to go by the database's clock. */
  const ready = async (leftSeconds: number, durationSeconds = 3_600): Promise<ReservationId> => {
    const id = await reserve(durationSeconds);
    await rows(
      api.database,
      `update reservations set state = 'ready', placed_at = now(), ready_at = now(), warned_minutes = 30,
         expires_at = now() + make_interval(secs => ?), capacity_until = now() + make_interval(secs => ?)
       where id = ? returning id`,
      [leftSeconds, leftSeconds + 300, id],
    );
    return id;
  };
  const read = async (id: ReservationId): Promise<Reservation> => {
    const row = await findReservation(api.database, id);
    assert.ok(row);
    return row;
  };
  const extend = (id: ReservationId, seconds: number, headers = {}) =>
    alice.post(`/v1/reservations/${id}/extend`, { seconds }, headers);
  const secondsBetween = (a: Date | undefined, b: Date | undefined): number =>
    ((b?.getTime() ?? 0) - (a?.getTime() ?? 0)) / 1_000;
  const eventTypes = async (id: ReservationId): Promise<string[]> =>
    (
      await rows<{ type: string }>(
        api.database,
        "select type from events where reservation_id = ? order by id",
        [id],
      )
    ).map(({ type }) => type);

  it("R12: an extension by a fraction of an hour moves both ends by exactly that, and warnings come again", async () => {
    const id = await ready(600);
    const before = await read(id);
    const answer = await extend(id, 1_234);
    assert.equal(answer.status, 202, JSON.stringify(answer.body));
    const after = await read(id);
    assert.equal(secondsBetween(before.expiresAt, after.expiresAt), 1_234);
    assert.equal(secondsBetween(before.capacityUntil, after.capacityUntil), 1_234);
    assert.equal(after.extendedSeconds, 1_234);
    assert.equal(after.warnedMinutes, undefined);
    assert.equal(after.generation, before.generation + 1);
    assert.equal(answer.body["expiresAt"], after.expiresAt?.toISOString());
    const job = await firstRow(api.database, "select 1 from graphile_worker.jobs where key = ?", [
      `reservation/${id}`,
    ]);
    assert.ok(job, "its timers are due to be set again");
  });

  it("R12: two extensions at once both count; one sent twice with a key counts once", async () => {
    const id = await ready(600);
    const before = await read(id);
    const both = await Promise.all([extend(id, 600), extend(id, 900)]);
    assert.deepEqual(
      both.map(({ status }) => status),
      [202, 202],
    );
    const header = { "idempotency-key": "once" };
    const [one, two] = await Promise.all([extend(id, 60, header), extend(id, 60, header)]);
    assert.deepEqual(one.body, two.body);
    const after = await read(id);
    assert.equal(secondsBetween(before.expiresAt, after.expiresAt), 1_560);
    assert.equal(after.extendedSeconds, 1_560);
    assert.equal(
      (await eventTypes(id)).filter((type) => type === "reservation.extended").length,
      3,
    );
  });

  it("R12: two extensions at once that only one fits: one is granted, the total limit holds", async () => {
    const id = await ready(600, 172_800 - 900);
    const before = await read(id);
    const both = await Promise.all([extend(id, 600), extend(id, 600)]);
    assert.deepEqual(both.map(({ status }) => status).sort(), [202, 409]);
    const refused = both.find(({ status }) => status === 409);
    assert.equal(refused?.body["code"], "extension_refused");
    assert.ok(before.expiresAt);
    const latest = clockTime(addSeconds(before.expiresAt, 900), new Date());
    assert.ok(String(refused.body["detail"]).includes(latest), "says the latest end");
    assert.equal((await read(id)).extendedSeconds, 600);
    assert.equal((await extend(id, 300)).status, 202, "what is left can be had, to the second");
    assert.equal((await extend(id, 60)).status, 409);
  });

  it("R12: an extension that races the expiry: one of them happens, whole", async () => {
    for (let round = 0; round < 8; round += 1) {
      const id = await ready(600);
      const seen = await read(id);
      const expire = api.database.transaction((trx) =>
        writeReservation(trx, seen, {
          to: "stopping",
          patch: { phase: "closing", endReason: "expired" },
          events: [{ type: "reservation.stopping", message: "The lease is over." }],
          now: new Date(),
        }),
      );
      const [answer, written] = await Promise.all([extend(id, 600), expire]);
      const after = await read(id);
      if (written.outcome === "updated") {
        assert.equal(answer.status, 409);
        assert.equal(answer.body["code"], "state_conflict");
        assert.equal(after.state, "stopping");
        assert.equal(after.extendedSeconds, 0);
      } else {
        assert.equal(answer.status, 202);
        assert.equal(after.state, "ready");
        assert.equal(after.extendedSeconds, 600);
      }
      assert.equal((await eventTypes(id)).length, 2, "the one that lost left no event");
    }
  });

  it("R12: a lease whose end has passed by the database's clock is not extended, though nothing has stopped it yet", async () => {
    const id = await ready(-1);
    const answer = await extend(id, 600);
    assert.equal(answer.status, 409);
    assert.match(String(answer.body["detail"]), /ended at/);
    assert.equal((await read(id)).generation, 0);
  });

  it("refuses to extend what is queued, cancelled or over, and says what to do", async () => {
    const id = await reserve();
    assert.equal((await extend(id, 600)).body["code"], "state_conflict");
    const cancelled = await ready(600);
    await alice.post(`/v1/reservations/${cancelled}/cancel`);
    assert.match(String((await extend(cancelled, 600)).body["detail"]), /was cancelled/);
  });

  it("R2: cancelling twice, and twice at once, is one request; what has ended stays as it is", async () => {
    const id = await ready(600);
    const cancel = () => alice.post(`/v1/reservations/${id}/cancel`);
    const both = await Promise.all([cancel(), cancel()]);
    const again = await cancel();
    for (const answer of [...both, again]) assert.equal(answer.status, 202);
    assert.deepEqual(again.body, both[0].body);
    assert.deepEqual(await eventTypes(id), ["reservation.queued", "reservation.cancel-requested"]);
    await rows(
      api.database,
      `update reservations set state = 'ended', end_reason = 'cancelled', ended_at = now() where id = ? returning id`,
      [id],
    );
    const over = await cancel();
    assert.equal(over.status, 202);
    assert.equal(over.body["state"], "ended");
    assert.equal((await read(id)).generation, 1);
  });
});
