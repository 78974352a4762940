import assert from "node:assert/strict";
import { createApiClient } from "@gpu-dev/client/http/apiClient.ts";
import { readTimeline } from "../../../extension/src/live/readServer.ts";
import { aReservation, iso } from "./treeFixtures.ts";

const { id } = aReservation();

/** A client of a server that has `pages` pages of one event each. */
function clientWith(pages: number) {
  const cursors: (string | null)[] = [];
  const client = createApiClient({
    baseUrl: "http://server.invalid",
    fetch: (input) => {
      const url = new URL(input);
      const cursor = url.searchParams.get("cursor");
      cursors.push(cursor);
      const at = Number(cursor ?? 0);
      const item = {
        id: String(at),
        type: "reservation.phase",
        at: iso(at),
        reservationId: id,
        reservationName: "demo",
        message: `event ${String(at)}`,
        data: {},
      };
      const nextCursor = at + 1 < pages ? String(at + 1) : null;
      return Promise.resolve(Response.json({ items: [item], nextCursor }));
    },
  });
  return { client, cursors };
}

describe("the timeline of a reservation", () => {
  it("is read page by page, in order", async () => {
    const { client, cursors } = clientWith(3);
    const { events, hasMore } = await readTimeline(client, id);
    assert.deepEqual(
      events.map(({ message }) => message),
      ["event 0", "event 1", "event 2"],
    );
    assert.equal(hasMore, false);
    assert.deepEqual(cursors, [null, "1", "2"]);
  });

  it("is cut off after 10 pages, with a flag that there is more", async () => {
    const { client, cursors } = clientWith(1_000);
    const { events, hasMore } = await readTimeline(client, id);
    assert.equal(hasMore, true);
    assert.equal(events.length, 10);
    assert.equal(cursors.length, 10);
  });
});
