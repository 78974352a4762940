import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { rows } from "../../../control-plane/src/store/database.ts";
import { waitFor } from "../../support/waitFor.ts";
import { REQUEST, startApi, type ApiUnderTest, type Caller } from "./apiUnderTest.ts";

describe("requests of one user at once", () => {
  let api: ApiUnderTest;
  let alice: Caller;
  let bob: Caller;
  before(async () => {
    api = await startApi();
    alice = await api.signIn("alice");
    bob = await api.signIn("bob");
    // From its first request on, a token's user is known without the database.
    await alice.get("/v1/me");
  });
  after(() => api.stop());

  it("take a quarter of the database connections at most, and leave the rest to others", async () => {
    const holder = await api.database.transaction();
    await rows(holder, "select 1 from users where id = ? for update", [alice.id]);
    const requests = Array.from({ length: 40 }, () => alice.post("/v1/reservations", REQUEST));
    const blocked = async () =>
      (
        await rows(
          api.database,
          "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
        )
      ).length;
    await waitFor(async () => (await blocked()) === 4, { describe: "four requests to wait" });
    assert.equal((await bob.get("/v1/reservations")).status, 200);
    assert.equal(await blocked(), 4);
    await holder.commit();
    const statuses = new Set((await Promise.all(requests)).map(({ status }) => status));
    assert.deepEqual(statuses, new Set([201]), "the rest was served later");
  });

  it("are refused with 429 and Retry-After when more than 200 wait", async () => {
    const holder = await api.database.transaction();
    await rows(holder, "select 1 from users where id = ? for update", [alice.id]);
    const refused: string[] = [];
    const requests = Array.from({ length: 260 }, async () => {
      const response = await alice.post("/v1/reservations", REQUEST);
      if (response.status === 429) refused.push(response.headers.get("retry-after") ?? "");
    });
    await waitFor(() => refused.length > 0, { describe: "the first refusal" });
    await holder.commit();
    await Promise.all(requests);
    assert.ok(refused.length <= 56, String(refused.length));
    assert.deepEqual(new Set(refused), new Set(["1"]));
    assert.equal((await alice.get("/v1/me")).status, 200);
  });

  it("do not keep others of their address waiting while their bodies arrive slowly", async () => {
    const { port } = new URL(api.url);
    const sockets = await Promise.all(
      Array.from({ length: 8 }, async () => {
        const socket = connect(Number(port), "127.0.0.1");
        await once(socket, "connect");
        const head = `POST /v1/tokens HTTP/1.1\r\nHost: ${api.server}\r\nContent-Type: application/json`;
        socket.write(`${head}\r\nContent-Length: 100\r\n\r\n{"kind`);
        return socket;
      }),
    );
    try {
      const carol = await api.signIn("carol");
      assert.equal((await carol.get("/v1/me")).status, 200);
    } finally {
      for (const socket of sockets) socket.destroy();
    }
  });
});
