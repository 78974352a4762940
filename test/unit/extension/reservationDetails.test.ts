import assert from "node:assert/strict";
import type { Event } from "@gpu-dev/client/http/responses.ts";
import { localTime, localTimeExact } from "@gpu-dev/client/text/times.ts";
import { detailsText } from "../../../extension/src/reservation/documentText.ts";
import { aMember, aReservation, iso, NOW } from "./treeFixtures.ts";

const event = (minutes: number, message: string): Event => ({
  id: String(minutes),
  type: "reservation.phase",
  at: iso(minutes),
  reservationId: aReservation().id,
  reservationName: "demo",
  message,
  data: {},
});
const connection = {
  host: "gpu-dev-demo",
  command: "ssh gpu-dev-demo",
  workspacePath: "/workspace",
};
const reservation = aReservation({
  readyAt: iso(-50),
  expiresAt: iso(60),
  extendableUntil: iso(180),
  spec: { disk: "work", labels: { team: "vision" } },
  members: [{ ...aMember("h100-0", 2, 1), attempt: 2 }],
});
const page = (more: Partial<Parameters<typeof detailsText>[0]> = {}) =>
  detailsText({ reservation, events: [], hasMore: false, connection, ...more }, NOW);

describe("the details of a reservation", () => {
  it("list state, times, spec, members, disk and connection in columns", () => {
    const at = (minutes: number) => localTime(iso(minutes), NOW);
    const [name, , ...lines] = page().split("\n");
    assert.equal(name, "demo");
    assert.deepEqual(lines.slice(0, lines.indexOf("")), [
      "State       ready",
      "Server      2 x H100 for 4 h",
      "Node        h100-0, pod demo-1-0, start 2, restarted once",
      "Disk        work",
      "Labels      team=vision",
      `Created     ${at(-60)}`,
      `Ready       ${at(-50)}`,
      `Lease       until ${at(60)} (1 h from now)`,
      `Extendable  until ${at(180)} (3 h from now)`,
      "Host        gpu-dev-demo",
      "Connect     ssh gpu-dev-demo",
      "Workspace   /workspace",
      "Owner       ada",
      "Id          000000000000000a",
    ]);
  });

  it("label several nodes by rank, and omit properties that are not set", () => {
    const members = [aMember("h100-0", 8), { ...aMember("h100-1", 8, 3), rank: 1 }];
    const text = page({
      reservation: aReservation({ state: "starting", members }),
      connection: undefined,
    });
    assert.match(text, /^Node 0 +h100-0, pod demo-1-0$/m);
    assert.match(text, /^Node 1 +h100-1, pod demo-1-0, restarted 3 times$/m);
    assert.doesNotMatch(text, /^(Connect|Lease|Ended|Ready|Image)/m);
    assert.match(text, /^Disk +none: files in its workspace are deleted when it ends$/m);
  });

  it("end with the timeline, oldest first, and the time of the read", () => {
    const lines = page({ events: [event(-9, "Placed on h100-0."), event(-8, "Ready.")] }).split(
      "\n",
    );
    const from = lines.indexOf("Timeline, oldest first");
    assert.deepEqual(lines.slice(from + 2, from + 4), [
      `${localTimeExact(iso(-9), NOW)}  Placed on h100-0.`,
      `${localTimeExact(iso(-8), NOW)}  Ready.`,
    ]);
    assert.match(page(), /Nothing has happened yet\./);
    assert.match(page({ hasMore: true }), /later ones are not shown/);
    assert.match(page(), new RegExp(`As of ${localTimeExact(NOW.toISOString(), NOW)}`));
  });

  it("keep text of the server from starting a new line or reordering the page", () => {
    const hostile = "harmless\nConnect     ssh evil\u202egnp\u001b[2J";
    const text = page({
      events: [event(-9, hostile)],
      reservation: { ...reservation, state: "starting", phase: "booting", phaseDetail: hostile },
    });
    assert.deepEqual(
      [...text.matchAll(/^Connect .*$/gm)].map(([line]) => line),
      ["Connect     ssh gpu-dev-demo"],
    );
    // eslint-disable-next-line no-control-regex -- the pattern matches control characters
    assert.doesNotMatch(text, /[\u0000-\u0009\u000b-\u001f\u202a-\u202e]/);
  });
});
