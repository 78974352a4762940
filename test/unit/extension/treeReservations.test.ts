import assert from "node:assert/strict";
import { reservationNodes } from "../../../extension/src/tree/reservationNodes.ts";
import {
  aMember,
  aReservation,
  aState,
  drawn,
  everyNode,
  iso,
  NO_HOSTS,
  NOW,
} from "./treeFixtures.ts";

const draw = (...reservations: ReturnType<typeof aReservation>[]) =>
  drawn(reservationNodes(aState({ reservations }), NOW, NO_HOSTS));
const rowOf = (reservation: ReturnType<typeof aReservation>) => {
  const nodes = everyNode(reservationNodes(aState({ reservations: [reservation] }), NOW, NO_HOSTS));
  const found = nodes.find(({ id }) => id === `reservation/${reservation.id}`);
  assert.ok(found);
  return found;
};

describe("the Reservations view", () => {
  it("has no rows before the first read or without reservations", () => {
    assert.deepEqual(reservationNodes(aState({ reservations: undefined }), NOW, NO_HOSTS), []);
    assert.deepEqual(draw(), []);
  });

  it("shows active ones at the top level: the time left, then GPUs; below node, end, disk and host", () => {
    const ready = aReservation({
      expiresAt: iso(190),
      members: [aMember("h100-0", 2)],
      spec: { disk: "work" },
    });
    assert.deepEqual(draw(ready), [
      "demo | 3 h 10 min left, 2 x H100",
      "  Node | h100-0",
      "  Ends | 15:10",
      "  Disk | work",
      "  Host | gpu-dev-demo",
    ]);
  });

  it("shows the position first, then the reason, with the whole text in the tooltip", () => {
    const waiting = { position: 2, ahead: 1, reason: "All 16 GPUs are in use until 15:20." };
    const queued = aReservation({ state: "queued", waiting, spec: { gpus: 8 } });
    assert.deepEqual(draw(queued), [
      "Queued | 1",
      "  demo | 2nd in line, 8 x H100: All 16 GPUs are in use until 15:20.",
      "    Requested | 11:00",
      "    Duration | 4 h once ready",
      "    Disk | none, files are deleted at the end",
    ]);
    assert.match(rowOf(queued).tooltip, /All 16 GPUs are in use until 15/);
  });

  it("shows the current phase while starting, with its detail", () => {
    const starting = aReservation({
      state: "starting",
      phase: "disk",
      phaseDetail: "Volume is being attached to h100-0.",
    });
    const lines = draw(starting);
    assert.deepEqual(lines.slice(0, 2), [
      "demo | attaching the disk, 2 x H100",
      "  Now | Volume is being attached to h100-0.",
    ]);
  });

  it("keeps ending reservations at the top level, with their phase", () => {
    const stopping = aReservation({ state: "stopping", phase: "saving-disk" });
    assert.equal(draw(stopping)[0], "demo | ending, releasing the disk, 2 x H100");
    const cancelled = aReservation({ expiresAt: iso(60), cancelRequestedAt: iso(-1) });
    assert.equal(rowOf(cancelled).description, "cancelled, about to end, 2 x H100");
  });

  it("shows why and when an ended reservation ended, collapsed, with details on a click", () => {
    const failed = aReservation({
      state: "failed",
      endReason: "node-lost",
      endDetail: "Node h100-0 was lost",
      endedAt: iso(-30),
    });
    const [section] = reservationNodes(aState({ reservations: [failed] }), NOW, NO_HOSTS);
    assert.equal(section?.label, "Ended today");
    assert.equal(section.expanded, false);
    const row = rowOf(failed);
    assert.equal(row.description, "node was lost, 11:30, 2 x H100");
    assert.match(row.tooltip, /Node h100\\-0 was lost\\\./);
    assert.equal(row.command, "gpuDev.showDetails");
  });

  it("does not label reservations of yesterday as ended today", () => {
    const old = aReservation({ state: "ended", endReason: "expired", endedAt: iso(-14 * 60) });
    assert.deepEqual(draw(old), [
      "Ended since yesterday | 1",
      "  demo | lease expired, Mon 23 Nov 22:00, 2 x H100",
    ]);
  });

  it("orders active reservations by their end and queued ones by position", () => {
    const waiting = (position: number) => ({ position, ahead: 0, reason: "Full." });
    const all = [
      aReservation({ id: "a", name: "w10", state: "queued", waiting: waiting(10) }),
      aReservation({ id: "b", name: "w2", state: "queued", waiting: waiting(2) }),
      aReservation({ id: "c", name: "late", expiresAt: iso(90) }),
      aReservation({ id: "d", name: "early", expiresAt: iso(9) }),
      aReservation({ id: "e", name: "up", state: "starting", phase: "booting" }),
    ];
    const nodes = reservationNodes(aState({ reservations: all }), NOW, NO_HOSTS);
    assert.deepEqual(
      nodes.map(({ id, label, children }) => [
        label,
        ...(id.startsWith("section/") ? children.map((child) => child.label) : []),
      ]),
      [["early"], ["late"], ["up"], ["Queued", "w2", "w10"]],
    );
  });

  it("gives each state its own icon, and other icons near the end of the lease", () => {
    const icons = [
      rowOf(aReservation({ state: "queued" })),
      rowOf(aReservation({ state: "starting" })),
      rowOf(aReservation({ expiresAt: iso(90) })),
      rowOf(aReservation({ expiresAt: iso(29) })),
      rowOf(aReservation({ expiresAt: iso(4) })),
      rowOf(aReservation({ state: "stopping" })),
      rowOf(aReservation({ state: "ended" })),
      rowOf(aReservation({ state: "failed" })),
    ].map(({ icon }) => icon.id);
    assert.equal(new Set(icons).size, icons.length);
  });

  it("has a phrase for screen readers that includes the state", () => {
    const row = rowOf(aReservation({ expiresAt: iso(60) }));
    assert.equal(row.spoken, "demo, active: 1 h left, 2 x H100");
  });

  it("names hosts with the prefix of the deployment, and CPU types without a count", () => {
    const cpu = aReservation({ expiresAt: iso(5), spec: { gpus: 0, gpuType: "cpu-x86" } });
    const lab = { ...NO_HOSTS, prefix: () => "gpu-dev-lab" };
    const lines = drawn(reservationNodes(aState({ reservations: [cpu] }), NOW, lab));
    assert.equal(lines[0], "demo | 5 min left, cpu-x86");
    assert.equal(lines.at(-1), "  Host | gpu-dev-lab-demo");
  });

  it("escapes text of the server in tooltips", () => {
    const reason = "[run](command:evil) <b>x</b> ![i](http://x) `code`\n# big";
    const row = rowOf(
      aReservation({ state: "queued", waiting: { position: 1, ahead: 0, reason } }),
    );
    assert.doesNotMatch(row.tooltip, /(?<!\\)[[\]()`#!<>]/);
  });
});
