import type { ReservationState } from "@gpu-dev/shared/states.ts";
import type { Reservation } from "@gpu-dev/client/http/responses.ts";
import { isSameDay } from "../core/text.ts";
import type { LiveState } from "../live/stateKeeper.ts";
import { reservationRow, type ShownHosts } from "./reservationRow.ts";
import { row, type TreeNode } from "./treeNode.ts";

/**
 * The Reservations view: active and starting ones at the top level, then queued and ended ones in
 * sections. Empty sections are omitted.
 */
export function reservationNodes(
  state: LiveState,
  now: Date,
  hosts: ShownHosts,
): readonly TreeNode[] {
  const all = state.reservations ?? [];
  return SECTIONS.flatMap((section) => {
    const items = all.filter((each) => section.states.includes(each.state)).sort(section.order);
    const rows = items.map((each) =>
      reservationRow(each, { now, hosts, expanded: all.length <= MAX_EXPANDED }),
    );
    if (section.heading === undefined || items.length === 0) return rows;
    const { id, icon, label } = section.heading;
    const title = label(items, now);
    const count = String(items.length);
    return row({
      id: `section/${id}`,
      label: title,
      description: count,
      spoken: `${title}, ${count} ${items.length === 1 ? "reservation" : "reservations"}`,
      icon: { id: icon },
      kind: `section.${id}`,
      expanded: id !== "ended",
      children: rows,
    });
  });
}

export function countReady(state: LiveState): number {
  return (state.reservations ?? []).filter((each) => each.state === "ready").length;
}

/**
 * With more reservations than this, each is initially collapsed, so that the sections fit into a
 * small side bar.
 */
const MAX_EXPANDED = 3;

interface Section {
  readonly states: readonly ReservationState[];
  readonly order: (a: Reservation, b: Reservation) => number;
  /** Without a heading, the reservations are at the top level. */
  readonly heading?: {
    readonly id: "queued" | "ended";
    readonly icon: string;
    readonly label: (items: readonly Reservation[], now: Date) => string;
  };
}

const by =
  (key: (reservation: Reservation) => string | number) =>
  (a: Reservation, b: Reservation): number => {
    const [x, y] = [key(a), key(b)];
    if (x !== y) return x < y ? -1 : 1;
    return a.id < b.id ? -1 : 1;
  };

const SECTIONS: readonly Section[] = [
  { states: ["ready", "stopping"], order: by(({ expiresAt }) => expiresAt ?? "") },
  { states: ["starting"], order: by(({ createdAt }) => createdAt) },
  {
    states: ["queued"],
    order: by(
      ({ waiting, createdAt }) => `${String(waiting?.position ?? 0).padStart(6, "0")} ${createdAt}`,
    ),
    heading: { id: "queued", icon: "list-ordered", label: () => "Queued" },
  },
  {
    states: ["ended", "failed"],
    order: (a, b) => by(({ endedAt }) => endedAt ?? "")(b, a),
    heading: { id: "ended", icon: "history", label: endedLabel },
  },
];

/** The last 24 hours include part of yesterday: the rows must not disappear at midnight. */
function endedLabel(items: readonly Reservation[], now: Date): string {
  return items.every(({ endedAt }) => endedAt === undefined || isSameDay(new Date(endedAt), now))
    ? "Ended today"
    : "Ended since yesterday";
}
