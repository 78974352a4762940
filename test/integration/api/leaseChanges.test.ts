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
    const created = await alice.post("/v1/reservations", { ...REQUEST, durationSeconds });
    assert.equal(created.status, 201);
    return created.body["id"] as ReservationId;
  };
  /**
   * A reservation as the reconcilers leave it: ready, and with this many seconds left by the clock
   * of the database.
   */
  const reserveReady = async (
    leftSeconds: number,
    durationSeconds = 3_600,
  ): Promise<ReservationId> => {
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

  it("R12: an extension by a fraction of an hour moves both ends by exactly that time and resets the warnings", async () => {
    const id = await reserveReady(600);
    const before = await read(id);
    const response = await extend(id, 1_234);
    assert.equal(response.status, 202, JSON.stringify(response.body));
    const after = await read(id);
    assert.equal(secondsBetween(before.expiresAt, after.expiresAt), 1_234);
    assert.equal(secondsBetween(before.capacityUntil, after.capacityUntil), 1_234);
    assert.equal(after.extendedSeconds, 1_234);
    assert.equal(after.warnedMinutes, undefined);
    assert.equal(after.generation, before.generation + 1);
    assert.equal(response.body["expiresAt"], after.expiresAt?.toISOString());
    const job = await firstRow(api.database, "select 1 from graphile_worker.jobs where key = ?", [
      `reservation/${id}`,
    ]);
    assert.ok(job, "a job updates the timers");
  });

  it("R12: two concurrent extensions both count; one that is sent twice with a key counts once", async () => {
    const id = await reserveReady(600);
    const before = await read(id);
    const both = await Promise.all([extend(id, 600), extend(id, 900)]);
    assert.deepEqual(
      both.map(({ status }) => status),
      [202, 202],
    );
    const header = { "idempotency-key": "once" };
    const [first, second] = await Promise.all([extend(id, 60, header), extend(id, 60, header)]);
    assert.deepEqual(first.body, second.body);
    const after = await read(id);
    assert.equal(secondsBetween(before.expiresAt, after.expiresAt), 1_560);
    assert.equal(after.extendedSeconds, 1_560);
    assert.equal(
      (await eventTypes(id)).filter((type) => type === "reservation.extended").length,
      3,
    );
  });

  it("R12: of two concurrent extensions that together exceed the total limit, one is granted", async () => {
    const id = await reserveReady(600, 172_800 - 900);
    const before = await read(id);
    const both = await Promise.all([extend(id, 600), extend(id, 600)]);
    assert.deepEqual(both.map(({ status }) => status).sort(), [202, 409]);
    const refused = both.find(({ status }) => status === 409);
    assert.equal(refused?.body["code"], "extension_refused");
    assert.ok(before.expiresAt);
    const latest = clockTime(addSeconds(before.expiresAt, 900), new Date());
    assert.ok(String(refused.body["detail"]).includes(latest), "the refusal names the latest end");
    assert.equal((await read(id)).extendedSeconds, 600);
    assert.equal((await extend(id, 300)).status, 202, "the exact remaining time is granted");
    assert.equal((await extend(id, 60)).status, 409);
  });

  it("R12: of an extension and a concurrent expiry, exactly one takes effect, completely", async () => {
    for (let round = 0; round < 8; round += 1) {
      const id = await reserveReady(600);
      const seen = await read(id);
      const expire = api.database.transaction((trx) =>
        writeReservation(trx, seen, {
          to: "stopping",
          patch: { phase: "closing", endReason: "expired" },
          events: [{ type: "reservation.stopping", message: "The lease has ended." }],
          now: new Date(),
        }),
      );
      const [response, written] = await Promise.all([extend(id, 600), expire]);
      const after = await read(id);
      if (written.outcome === "updated") {
        assert.equal(response.status, 409);
        assert.equal(response.body["code"], "state_conflict");
        assert.equal(after.state, "stopping");
        assert.equal(after.extendedSeconds, 0);
      } else {
        assert.equal(response.status, 202);
        assert.equal(after.state, "ready");
        assert.equal(after.extendedSeconds, 600);
      }
      assert.equal((await eventTypes(id)).length, 2, "the refused change leaves no event");
    }
  });

  it("R12: a lease that has ended by the clock of the database is not extended, even if it is not stopped yet", async () => {
    const id = await reserveReady(-1);
    const response = await extend(id, 600);
    assert.equal(response.status, 409);
    assert.match(String(response.body["detail"]), /ended at/);
    assert.equal((await read(id)).generation, 0);
  });

  it("refuses to extend a queued and a cancelled reservation, with the reason", async () => {
    const id = await reserve();
    assert.equal((await extend(id, 600)).body["code"], "state_conflict");
    const cancelled = await reserveReady(600);
    await alice.post(`/v1/reservations/${cancelled}/cancel`);
    assert.match(String((await extend(cancelled, 600)).body["detail"]), /was cancelled/);
  });

  it("R2: repeated and concurrent cancellations are one request, and an ended reservation does not change", async () => {
    const id = await reserveReady(600);
    const cancel = () => alice.post(`/v1/reservations/${id}/cancel`);
    const both = await Promise.all([cancel(), cancel()]);
    const again = await cancel();
    for (const { status } of [...both, again]) assert.equal(status, 202);
    assert.deepEqual(again.body, both[0].body);
    assert.deepEqual(await eventTypes(id), ["reservation.queued", "reservation.cancel-requested"]);
    await rows(
      api.database,
      `update reservations set state = 'ended', end_reason = 'cancelled', ended_at = now() where id = ? returning id`,
      [id],
    );
    const afterEnd = await cancel();
    assert.equal(afterEnd.status, 202);
    assert.equal(afterEnd.body["state"], "ended");
    assert.equal((await read(id)).generation, 1);
  });
});
