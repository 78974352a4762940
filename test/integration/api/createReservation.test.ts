import assert from "node:assert/strict";
import { firstRow, rows } from "../../../control-plane/src/store/database.ts";
import { REQUEST, startApi, type ApiUnderTest, type Caller } from "./apiUnderTest.ts";

const RESERVATIONS = "/v1/reservations";

describe("creating reservations", () => {
  let api: ApiUnderTest;
  let alice: Caller;
  let bob: Caller;
  let users = 0;
  before(async () => {
    api = await startApi();
  });
  after(() => api.stop());
  beforeEach(async () => {
    users += 1;
    alice = await api.signIn(`alice${String(users)}`);
    bob = await api.signIn(`bob${String(users)}`);
  });

  const countOf = async (caller: Caller): Promise<number> =>
    (await rows(api.database, "select 1 from reservations where owner_id = ?", [caller.id])).length;

  it("queues the reservation at once, with an event and a plan job, and reads it back unchanged", async () => {
    const created = await alice.post(RESERVATIONS, {
      ...REQUEST,
      name: "demo",
      labels: { team: "vision" },
    });
    assert.equal(created.status, 201);
    assert.equal(created.body["state"], "queued");
    const read = await alice.get(`${RESERVATIONS}/${String(created.body["id"])}`);
    assert.deepEqual(read.body, created.body);
    const events = await alice.get(`${RESERVATIONS}/${String(created.body["id"])}/events`);
    const items = events.body["items"] as { type: string }[];
    assert.deepEqual(
      items.map(({ type }) => type),
      ["reservation.queued"],
    );
    const job = await firstRow(
      api.database,
      "select 1 from graphile_worker.jobs where key = 'plan/h100'",
    );
    assert.ok(job);
  });

  it("R15: the same POST, twice and ten times at once, creates one reservation and returns the same response", async () => {
    const header = { "idempotency-key": "click-1" };
    const first = await alice.post(RESERVATIONS, REQUEST, header);
    const again = await alice.post(RESERVATIONS, REQUEST, header);
    assert.equal(again.status, 201);
    assert.deepEqual(again.body, first.body);
    const racing = await Promise.all(
      Array.from({ length: 10 }, () => bob.post(RESERVATIONS, REQUEST, { "idempotency-key": "b" })),
    );
    assert.deepEqual(new Set(racing.map(({ status }) => status)), new Set([201]));
    assert.equal(new Set(racing.map(({ body }) => body["id"])).size, 1);
    assert.deepEqual([await countOf(alice), await countOf(bob)], [1, 1]);
  });

  it("R15: the same key with another body is refused with 422; keys of different users are independent", async () => {
    const header = { "idempotency-key": "same" };
    await alice.post(RESERVATIONS, REQUEST, header);
    const other = await alice.post(RESERVATIONS, { ...REQUEST, gpus: 4 }, header);
    assert.equal(other.status, 422);
    assert.equal(other.body["code"], "idempotency_key_reused");
    assert.equal((await bob.post(RESERVATIONS, { ...REQUEST, gpus: 4 }, header)).status, 201);
    assert.equal(await countOf(alice), 1);
  });

  it("R15: a refusal is not stored: the same key succeeds after the reason is gone", async () => {
    const taken = await alice.post(RESERVATIONS, { ...REQUEST, name: "demo" });
    const header = { "idempotency-key": "retry" };
    const refused = await alice.post(RESERVATIONS, { ...REQUEST, name: "demo" }, header);
    assert.equal(refused.status, 409);
    await rows(
      api.database,
      `update reservations set state = 'ended', end_reason = 'cancelled', ended_at = now() where id = ? returning id`,
      [String(taken.body["id"])],
    );
    assert.equal(
      (await alice.post(RESERVATIONS, { ...REQUEST, name: "demo" }, header)).status,
      201,
    );
  });

  it("D1: of two concurrent requests for one disk, one gets it and the other is refused with the holder's name", async () => {
    const responses = await Promise.all(
      ["first", "second"].map((name) =>
        alice.post(RESERVATIONS, { ...REQUEST, name, disk: "work" }),
      ),
    );
    assert.deepEqual(responses.map(({ status }) => status).sort(), [201, 409]);
    const winner = responses.find(({ status }) => status === 201);
    const loser = responses.find(({ status }) => status === 409);
    assert.equal(loser?.body["code"], "disk_in_use");
    assert.ok(String(loser.body["detail"]).includes(`"${String(winner?.body["name"])}"`));
    const held = await rows(
      api.database,
      `select d.name, a.reservation_id from disks d join attachments a on a.disk_id = d.id
       where d.owner_id = ?`,
      [alice.id],
    );
    assert.deepEqual(held, [{ name: "work", reservation_id: winner?.body["id"] }]);
    assert.equal(await countOf(alice), 1, "the refused request leaves no row");
  });

  it("D1: the refusal names the holder's end if it is known; disks of different users are independent", async () => {
    const holder = await alice.post(RESERVATIONS, { ...REQUEST, disk: "work" });
    await rows(
      api.database,
      `update reservations set state = 'ready', placed_at = now(), ready_at = now(),
         expires_at = '2031-02-03T04:05:00Z', capacity_until = '2031-02-03T05:00:00Z' where id = ? returning id`,
      [String(holder.body["id"])],
    );
    const refused = await alice.post(RESERVATIONS, { ...REQUEST, disk: "work" });
    assert.match(String(refused.body["detail"]), /until 2031-02-03 04:05 UTC/);
    const disks = await alice.get("/v1/disks");
    const [disk] = disks.body["items"] as { heldBy: unknown }[];
    assert.deepEqual(disk?.heldBy, {
      reservationId: holder.body["id"],
      name: holder.body["name"],
      until: "2031-02-03T04:05:00.000Z",
    });
    assert.equal((await bob.post(RESERVATIONS, { ...REQUEST, disk: "work" })).status, 201);
  });

  it("N2: a name in use is refused, also to one of two concurrent requests; another owner may use it", async () => {
    const racing = await Promise.all(
      [1, 2].map(() => alice.post(RESERVATIONS, { ...REQUEST, name: "demo" })),
    );
    assert.deepEqual(racing.map(({ status }) => status).sort(), [201, 409]);
    assert.equal(racing.find(({ status }) => status === 409)?.body["code"], "name_taken");
    const createdByBob = await bob.post(RESERVATIONS, { ...REQUEST, name: "demo" });
    assert.equal(createdByBob.status, 201);
    const byName = await bob.get(`${RESERVATIONS}?name=demo`);
    const items = byName.body["items"] as { id: string }[];
    assert.deepEqual(
      items.map(({ id }) => id),
      [createdByBob.body["id"]],
    );
  });

  const impossible: [string, Record<string, unknown>, RegExp][] = [
    ["an unknown type", { gpuType: "h300" }, /b200, h200, h100.* or cpu-x86/],
    ["3 GPUs", { gpus: 3 }, /1, 2, 4 or 8/],
    ["16 GPUs", { gpus: 16 }, /One node has 8/],
    ["no GPU of a GPU type", { gpus: 0 }, /1, 2, 4 or 8/],
    ["GPUs of a CPU type", { gpuType: "cpu-x86", gpus: 1 }, /has no GPUs/],
    ["a minute", { durationSeconds: 60 }, /from 5 min to 48 h; 1 min/],
    ["an unknown image", { image: "mine" }, /pytorch/],
  ];
  for (const [what, change, detail] of impossible) {
    it(`Q5: a request for ${what} can never run, so it is refused at once with the possible values and not queued`, async () => {
      const response = await alice.post(RESERVATIONS, { ...REQUEST, ...change });
      assert.equal(response.status, 422);
      assert.equal(response.body["code"], "never_possible");
      assert.match(String(response.body["detail"]), detail);
      assert.equal(await countOf(alice), 0);
    });
  }

  it("chooses different names for concurrent requests, up to the limit of reservations", async () => {
    const responses = await Promise.all(
      Array.from({ length: 51 }, () => alice.post(RESERVATIONS, REQUEST)),
    );
    const created = responses.filter(({ status }) => status === 201);
    assert.equal(created.length, 50);
    assert.equal(new Set(created.map(({ body }) => body["name"])).size, 50);
    assert.equal(responses.find(({ status }) => status === 422)?.body["code"], "quota_exceeded");
    const first = await alice.get(`${RESERVATIONS}?limit=30`);
    const next = await alice.get(
      `${RESERVATIONS}?limit=30&cursor=${String(first.body["nextCursor"])}`,
    );
    const ids = [first, next].flatMap(({ body }) =>
      (body["items"] as { id: string }[]).map(({ id }) => id),
    );
    assert.equal(new Set(ids).size, 50);
    assert.equal(next.body["nextCursor"], null);
  });
});
