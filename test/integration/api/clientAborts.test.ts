import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { rows } from "../../../control-plane/src/store/database.ts";
import { waitFor } from "../../support/waitFor.ts";
import { REQUEST, send, startApi, type ApiUnderTest, type Caller } from "./apiUnderTest.ts";

describe("a client that disconnects before the response", () => {
  let api: ApiUnderTest;
  let alice: Caller;
  before(async () => {
    api = await startApi();
    alice = await api.signIn("alice");
  });
  after(() => api.stop());

  /** Counted requests of a route, by class of status. */
  const counts = async (route: string) => {
    const text = String((await send(`${api.url}/metrics`)).body["text"]);
    const found = text.matchAll(
      /request_duration_seconds_count\{route="(\w+)",[^}]*status_class="(\w+)"\} (\d+)/g,
    );
    return [...found]
      .filter(([, name]) => name === route)
      .map(([, , status = "", count = ""]) => `${count} ${status}`);
  };

  it("is counted as aborted, not as an unavailable dependency, while it sends its body", async () => {
    const socket = connect(Number(new URL(api.url).port), "127.0.0.1");
    await once(socket, "connect");
    socket.write(
      `POST /v1/reservations HTTP/1.1\r\nHost: ${api.server}\r\nAuthorization: Bearer ${alice.token}\r\n` +
        `Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"gpu`,
    );
    // The server handles the requests of all connections in the order in which they arrive.
    await alice.get("/v1/me");
    socket.destroy();
    await waitFor(async () => (await counts("createReservation")).includes("1 aborted"), {
      describe: "the aborted request",
    });
    assert.deepEqual(await counts("createReservation"), ["1 aborted"]);
  });

  it("is counted as aborted while it waits for the response", async () => {
    const holder = await api.database.transaction();
    await rows(holder, "select 1 from users where id = ? for update", [alice.id]);
    const abort = new AbortController();
    const request = alice
      .request("POST", "/v1/reservations", {
        headers: { "content-type": "application/json" },
        body: JSON.stringify(REQUEST),
        signal: abort.signal,
      })
      .catch(() => undefined);
    await waitFor(
      async () =>
        (
          await rows(
            api.database,
            "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
          )
        ).length === 1,
      { describe: "the request to wait" },
    );
    abort.abort();
    await request;
    await holder.rollback();
    await waitFor(async () => (await counts("createReservation")).includes("2 aborted"), {
      describe: "the second aborted request",
    });
    assert.deepEqual(await counts("createReservation"), ["2 aborted"]);
  });
});
