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

  it("is queued at once, with its event and a plan that is due, and reads back the same", async () => {
    const made = await alice.post(RESERVATIONS, {
      ...REQUEST,
      name: "demo",
      labels: { team: "vision" },
    });
    assert.equal(made.status, 201);
    assert.equal(made.body["state"], "queued");
    const read = await alice.get(`${RESERVATIONS}/${String(made.body["id"])}`);
    assert.deepEqual(read.body, made.body);
    const events = await alice.get(`${RESERVATIONS}/${String(made.body["id"])}/events`);
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

  it("R15: the same POST twice, and ten times at once, makes one reservation and one answer", async () => {
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

  it("R15: the same key with another body is refused with 422; another user's key is another key", async () => {
    const header = { "idempotency-key": "same" };
    await alice.post(RESERVATIONS, REQUEST, header);
    const other = await alice.post(RESERVATIONS, { ...REQUEST, gpus: 4 }, header);
    assert.equal(other.status, 422);
    assert.equal(other.body["code"], "idempotency_key_reused");
    assert.equal((await bob.post(RESERVATIONS, { ...REQUEST, gpus: 4 }, header)).status, 201);
    assert.equal(await countOf(alice), 1);
  });

  it("R15: a refusal is not remembered: the same key works once the reason is gone", async () => {
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

  it("D1: of two at once that ask for one disk, one gets it and the other learns who holds it", async () => {
    const answers = await Promise.all(
      ["one", "two"].map((name) => alice.post(RESERVATIONS, { ...REQUEST, name, disk: "work" })),
    );
    assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 409]);
    const winner = answers.find(({ status }) => status === 201);
    const loser = answers.find(({ status }) => status === 409);
    assert.equal(loser?.body["code"], "disk_in_use");
    assert.ok(String(loser.body["detail"]).includes(`"${String(winner?.body["name"])}"`));
    const held = await rows(
      api.database,
      `select d.name, a.reservation_id from disks d join attachments a on a.disk_id = d.id
       where d.owner_id = ?`,
      [alice.id],
    );
    assert.deepEqual(held, [{ name: "work", reservation_id: winner?.body["id"] }]);
    assert.equal(await countOf(alice), 1, "nothing is left of the refused one");
  });

  it("D1: the end of the hold is stated once it is known; another user's disk of that name is another disk", async () => {
    const made = await alice.post(RESERVATIONS, { ...REQUEST, disk: "work" });
    await rows(
      api.database,
      `update reservations set state = 'ready', placed_at = now(), ready_at = now(),
         expires_at = '2031-02-03T04:05:00Z', capacity_until = '2031-02-03T05:00:00Z' where id = ? returning id`,
      [String(made.body["id"])],
    );
    const refused = await alice.post(RESERVATIONS, { ...REQUEST, disk: "work" });
    assert.match(String(refused.body["detail"]), /until 2031-02-03 04:05 UTC/);
    const disks = await alice.get("/v1/disks");
    const [disk] = disks.body["items"] as { heldBy: unknown }[];
    assert.deepEqual(disk?.heldBy, {
      reservationId: made.body["id"],
      name: made.body["name"],
      until: "2031-02-03T04:05:00.000Z",
    });
    assert.equal((await bob.post(RESERVATIONS, { ...REQUEST, disk: "work" })).status, 201);
  });

  it("N2: a name in use is refused, also to one of two at once; another owner may have it", async () => {
    const racing = await Promise.all(
      [1, 2].map(() => alice.post(RESERVATIONS, { ...REQUEST, name: "demo" })),
    );
    assert.deepEqual(racing.map(({ status }) => status).sort(), [201, 409]);
    assert.equal(racing.find(({ status }) => status === 409)?.body["code"], "name_taken");
    const theirs = await bob.post(RESERVATIONS, { ...REQUEST, name: "demo" });
    assert.equal(theirs.status, 201);
    const byName = await bob.get(`${RESERVATIONS}?name=demo`);
    const items = byName.body["items"] as { id: string }[];
    assert.deepEqual(
      items.map(({ id }) => id),
      [theirs.body["id"]],
    );
  });

  const impossible: [string, Record<string, unknown>, RegExp][] = [
    ["an unknown type", { gpuType: "h300" }, /b200, h200, h100.* or cpu-x86/],
    ["3 GPUs", { gpus: 3 }, /1, 2, 4 or 8/],
    ["16 GPUs", { gpus: 16 }, /One node has 8/],
    ["no GPU of a GPU type", { gpus: 0 }, /1, 2, 4 or 8/],
    ["GPUs of a CPU type", { gpuType: "cpu-x86", gpus: 1 }, /has no GPUs/],
    ["a minute", { durationSeconds: 60 }, /from 5 min to 2 d; 1 min/],
    ["an unknown image", { image: "mine" }, /pytorch/],
  ];
  for (const [what, change, detail] of impossible) {
    it(`Q5: ${what} can never run, is refused at once with what can, and counts in no queue`, async () => {
      const answer = await alice.post(RESERVATIONS, { ...REQUEST, ...change });
      assert.equal(answer.status, 422);
      assert.equal(answer.body["code"], "never_possible");
      assert.match(String(answer.body["detail"]), detail);
      assert.equal(await countOf(alice), 0);
    });
  }

  it("chooses names that differ, up to the limit, also for many at once", async () => {
    const answers = await Promise.all(
      Array.from({ length: 51 }, () => alice.post(RESERVATIONS, REQUEST)),
    );
    const made = answers.filter(({ status }) => status === 201);
    assert.equal(made.length, 50);
    assert.equal(new Set(made.map(({ body }) => body["name"])).size, 50);
    assert.equal(answers.find(({ status }) => status === 422)?.body["code"], "quota_exceeded");
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
