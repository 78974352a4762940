import assert from "node:assert/strict";
import { createApiClient } from "@gpu-dev/client/http/apiClient.ts";
import { createRefresher } from "../../../extension/src/reservation/refresher.ts";
import { readTimeline } from "../../../extension/src/reservation/readTimeline.ts";
import { waitFor } from "../../support/waitFor.ts";
import { aReservation, iso } from "./treeFixtures.ts";

const { id } = aReservation();

/** A client whose server has `pages` pages of one event each. */
function clientWith(pages: number) {
  const asked: (string | null)[] = [];
  const client = createApiClient({
    baseUrl: "http://server.invalid",
    fetch: (input) => {
      const url = new URL(input);
      const cursor = url.searchParams.get("cursor");
      asked.push(cursor);
      const at = Number(cursor ?? 0);
      const item = {
        ...{ id: String(at), type: "reservation.phase", at: iso(at), reservationId: id },
        ...{ reservationName: "demo", message: `event ${String(at)}`, data: {} },
      };
      const nextCursor = at + 1 < pages ? String(at + 1) : null;
      return Promise.resolve(Response.json({ items: [item], nextCursor }));
    },
  });
  return { client, asked };
}

describe("reading the timeline of a reservation", () => {
  it("reads all pages in their order", async () => {
    const { client, asked } = clientWith(3);
    const { events, moreEvents } = await readTimeline(client, id);
    assert.deepEqual(
      events.map(({ message }) => message),
      ["event 0", "event 1", "event 2"],
    );
    assert.equal(moreEvents, false);
    assert.deepEqual(asked, [null, "1", "2"]);
  });

  it("stops at a bound, and says that there is more", async () => {
    const { client, asked } = clientWith(1_000);
    const { events, moreEvents } = await readTimeline(client, id);
    assert.equal(moreEvents, true);
    assert.equal(events.length, 10);
    assert.equal(asked.length, 10);
  });
});

describe("keeping an open page fresh", () => {
  it("reads once more after the run that is under way, however many changes came meanwhile", async () => {
    const runs: (() => void)[] = [];
    const started: string[] = [];
    const refresh = createRefresher(
      (key) => {
        started.push(key);
        return new Promise((resolve) => runs.push(resolve));
      },
      () => undefined,
    );
    refresh("a");
    refresh("a");
    refresh("a");
    refresh("b");
    assert.deepEqual(started, ["a", "b"]);
    runs[0]?.();
    await waitFor(() => started.length === 3, { describe: "the second run of a" });
    assert.deepEqual(started, ["a", "b", "a"]);
    runs[2]?.();
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(started.length, 3);
    refresh("a");
    assert.equal(started.length, 4);
  });

  it("goes on after a failure", async () => {
    const failures: unknown[] = [];
    let runs = 0;
    const refresh = createRefresher(
      () => {
        runs += 1;
        return Promise.reject(new Error(`run ${String(runs)}`));
      },
      (key, error) => failures.push([key, String(error)]),
    );
    refresh("a");
    refresh("a");
    await waitFor(() => failures.length === 2, { describe: "both failures" });
    assert.deepEqual(failures, [
      ["a", "Error: run 1"],
      ["a", "Error: run 2"],
    ]);
  });
});
