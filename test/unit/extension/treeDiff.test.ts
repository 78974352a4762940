import assert from "node:assert/strict";
import fc from "fast-check";
import { PHASES, RESERVATION_STATES } from "@gpu-dev/shared/states.ts";
import type { Reservation } from "@gpu-dev/client/http/responses.ts";
import { formatTimeLeft, nextRefreshMs } from "../../../extension/src/core/lease.ts";
import type { LiveState } from "../../../extension/src/live/stateKeeper.ts";
import { availabilityNodes } from "../../../extension/src/tree/availabilityNodes.ts";
import { diskNodes } from "../../../extension/src/tree/diskNodes.ts";
import { reservationNodes } from "../../../extension/src/tree/reservationNodes.ts";
import {
  createTreeRows,
  rowsToRedraw,
  type TreeRow,
} from "../../../extension/src/tree/treeRows.ts";
import { row, type TreeNode } from "../../../extension/src/tree/treeNode.ts";
import {
  aDisk,
  aMember,
  aReservation,
  aState,
  aType,
  everyNode,
  iso,
  minutesFrom,
  NO_HOSTS,
  NOW,
} from "./treeFixtures.ts";

/**
 * Few names and ids, so that two states drawn by chance have much in common and much that differs.
 */
const word = fc.constantFrom("a", "b", "a/node/b", "c d", "](x)");
const moment = fc.option(fc.integer({ min: -2_000, max: 3_000 }).map(iso), { nil: undefined });

const reservations: fc.Arbitrary<Reservation[]> = fc
  .uniqueArray(fc.constantFrom("1", "2", "3", "4", "5"))
  .chain((ids) =>
    fc.tuple(
      ...ids.map((id) =>
        fc
          .record({
            name: word,
            state: fc.constantFrom(...RESERVATION_STATES),
            phase: fc.option(fc.constantFrom(...PHASES), { nil: undefined }),
            expiresAt: moment,
            endedAt: moment,
            waiting: fc.option(
              fc.record({
                position: fc.integer({ min: 1, max: 30 }),
                ahead: fc.nat(),
                reason: fc.string(),
              }),
              { nil: undefined },
            ),
            members: fc.array(
              word.map((node) => aMember(node, 1)),
              { maxLength: 3 },
            ),
          })
          .map((content) => aReservation({ id, ...content })),
      ),
    ),
  );

const states: fc.Arbitrary<LiveState> = fc
  .record({
    reservations,
    types: fc.uniqueArray(word).map((names) =>
      names.map((type) =>
        aType({
          type,
          nodes: ["a", "b", "starts"].map((name) => ({
            name,
            zone: "z",
            state: "ready",
            gpus: 8,
            free: 2,
          })),
        }),
      ),
    ),
    disks: fc.uniqueArray(word).map((names) => names.map((name) => aDisk({ id: name, name }))),
  })
  .map(({ types, ...rest }) => aState({ ...rest, availability: { asOf: undefined, types } }));

const views = (state: LiveState): (readonly TreeNode[])[] => [
  reservationNodes(state, NOW, NO_HOSTS),
  availabilityNodes(state),
  diskNodes(state, NOW),
];

/** What the editor shows: it re-reads the rows to redraw with everything below them. */
function redrawn(shown: readonly TreeNode[], next: readonly TreeNode[]): readonly TreeNode[] {
  const redraw = rowsToRedraw(shown, next);
  if (redraw === "root") return next;
  const current = new Map(everyNode(next).map((node) => [node.id, node]));
  const apply = (node: TreeNode): TreeNode =>
    redraw.includes(node.id)
      ? (current.get(node.id) ?? node)
      : { ...node, children: node.children.map(apply) };
  return shown.map(apply);
}

describe("the rows of a view", () => {
  it("have unique ids in each view, in any state", () => {
    fc.assert(
      fc.property(states, (state) => {
        for (const nodes of views(state)) {
          const ids = everyNode(nodes).map(({ id }) => id);
          assert.equal(new Set(ids).size, ids.length);
        }
      }),
    );
  });

  it("all have a phrase for screen readers without icon symbols", () => {
    fc.assert(
      fc.property(states, (state) => {
        for (const { spoken, label } of views(state).flatMap(everyNode)) {
          assert.ok(spoken.toLowerCase().includes(label.toLowerCase()) && !spoken.includes("$("));
        }
      }),
    );
  });
});

describe("the rows to redraw", () => {
  it("are sufficient: re-reading them shows the new state", () => {
    fc.assert(
      fc.property(states, states, (before, after) => {
        const now = views(after);
        views(before).forEach((shown, index) => {
          assert.deepEqual(redrawn(shown, now[index] ?? []), now[index]);
        });
      }),
    );
  });

  it("are none if nothing changed", () => {
    fc.assert(
      fc.property(states, (state) => {
        for (const [index, shown] of views(state).entries()) {
          assert.deepEqual(rowsToRedraw(shown, views(state)[index] ?? []), []);
        }
      }),
    );
  });

  it("are one row when a minute has passed, not its section or its neighbours", () => {
    const demo = aReservation({ id: "1", expiresAt: iso(60) });
    const ended = aReservation({ id: "2", state: "ended", endedAt: iso(-5) });
    const state = aState({ reservations: [demo, ended] });
    assert.deepEqual(
      rowsToRedraw(
        reservationNodes(state, NOW, NO_HOSTS),
        reservationNodes(state, minutesFrom(1), NO_HOSTS),
      ),
      ["reservation/1"],
    );
  });

  it("are both rows when one moves to another parent", () => {
    const group = (id: string, ...children: TreeNode[]) =>
      row({ id, label: id, icon: { id: "x" }, kind: "x", children });
    const leaf = (id: string) => group(id);
    assert.deepEqual(
      rowsToRedraw(
        [group("a", leaf("1")), group("b", leaf("2"), leaf("3"))],
        [group("a", leaf("1"), leaf("2")), group("b", leaf("3"))],
      ),
      ["a", "b"],
    );
  });

  it("are all rows when a queued reservation becomes active at the top level", () => {
    const [first, second] = [aReservation({ id: "1", state: "queued" }), aReservation({ id: "2" })];
    const before = aState({ reservations: [first, second] });
    const after = aState({ reservations: [{ ...first, state: "starting" }, second] });
    assert.equal(
      rowsToRedraw(reservationNodes(before, NOW, NO_HOSTS), reservationNodes(after, NOW, NO_HOSTS)),
      "root",
    );
  });

  it("are one node when its count changes", () => {
    const state = (free: number) =>
      aState({
        availability: {
          asOf: undefined,
          types: [aType({ nodes: [{ name: "n", zone: "z", state: "ready", gpus: 8, free }] })],
        },
      });
    const redraw = rowsToRedraw(availabilityNodes(state(3)), availabilityNodes(state(2)));
    assert.deepEqual(redraw, ["type/h100/node/n"]);
  });
});

describe("the rows that the editor holds", () => {
  const rowsIn = (rows: readonly TreeRow[]): TreeRow[] =>
    rows.flatMap((row) => [row, ...rowsIn(row.children)]);

  it("are the same objects for the same ids, with new content, parents and targets", () => {
    const rows = createTreeRows();
    const queued = aReservation({ id: "1", state: "queued" });
    assert.equal(
      rows.show(reservationNodes(aState({ reservations: [queued] }), NOW, NO_HOSTS)),
      "root",
    );
    const before = rowsIn(rows.roots()).find(({ id }) => id === "reservation/1");
    const ready = { ...queued, state: "ready" as const };
    rows.show(reservationNodes(aState({ reservations: [ready] }), NOW, NO_HOSTS));
    const after = rowsIn(rows.roots()).find(({ id }) => id === "reservation/1");
    assert.ok(after);
    assert.equal(after, before);
    assert.equal(after.parent, undefined);
    assert.equal(after.node.kind, "reservation.ready");
    assert.deepEqual(after.target, { kind: "reservation", id: "1" });
  });

  it("form a tree in which each row is the parent of its children, after any change", () => {
    fc.assert(
      fc.property(states, states, (before, after) => {
        const rows = createTreeRows();
        rows.show(reservationNodes(before, NOW, NO_HOSTS));
        const nodes = reservationNodes(after, NOW, NO_HOSTS);
        rows.show(nodes);
        const all = rowsIn(rows.roots());
        assert.deepEqual(
          all.map(({ node }) => node),
          everyNode(nodes),
        );
        for (const row of all) for (const child of row.children) assert.equal(child.parent, row);
      }),
    );
  });
});

describe("the time until the next refresh", () => {
  const seconds = fc.integer({ min: -100, max: 80_000 });
  const ends = fc.array(fc.tuple(seconds, fc.integer({ min: 0, max: 999 })), { maxLength: 4 });
  const later = (ms: number) => new Date(NOW.getTime() + ms);
  const texts = (reservations: readonly Reservation[], now: Date) =>
    reservations.map(({ expiresAt }) => formatTimeLeft(new Date(expiresAt ?? 0), now));

  it("is at most a minute, and no shown minute is wrong before it", () => {
    fc.assert(
      fc.property(ends, (offsets) => {
        const all = offsets.map(([s, ms]) =>
          aReservation({ expiresAt: later(s * 1_000 + ms).toISOString() }),
        );
        const delay = nextRefreshMs(all, NOW);
        assert.ok(delay > 0 && delay <= 60_000);
        const minutes = (now: Date) =>
          texts(all, now).map((text) => (/\d s$/.test(text ?? "") ? "s" : text));
        assert.deepEqual(minutes(later(delay - 2)), minutes(NOW));
        if (delay < 60_000) assert.notDeepEqual(texts(all, later(delay)), texts(all, NOW));
      }),
    );
  });

  it("is ten seconds in the last minute", () => {
    const last = aReservation({ expiresAt: later(47_000).toISOString() });
    const first = later(nextRefreshMs([last], NOW));
    const second = new Date(first.getTime() + nextRefreshMs([last], first));
    assert.deepEqual(
      [first, second].map((now) => texts([last], now)),
      [["40 s"], ["30 s"]],
    );
  });
});
