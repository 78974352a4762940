import type { Reservation } from "@gpu-dev/shared/api/reservation.ts";
import type { ReservationState } from "@gpu-dev/shared/states.ts";
import { isSameDay } from "../core/text.ts";
import type { LiveState } from "../live/stateKeeper.ts";
import { reservationRow, type ShownHosts } from "./reservationRow.ts";
import { row, type TreeNode } from "./treeNode.ts";

/**
 * The Reservations view: active ones first, then starting, queued and ended ones. Empty sections
 * are omitted.
 */
export function reservationNodes(
  state: LiveState,
  now: Date,
  hosts: ShownHosts,
): readonly TreeNode[] {
  const all = state.reservations ?? [];
  return SECTIONS.flatMap((section) => {
    const items = all.filter((each) => section.states.includes(each.state)).sort(section.order);
    if (items.length === 0) return [];
    const label = section.label(items, now);
    const count = String(items.length);
    return row({
      id: `section/${section.id}`,
      label,
      description: count,
      spoken: `${label}, ${count} ${items.length === 1 ? "reservation" : "reservations"}`,
      icon: { id: section.icon },
      kind: `section.${section.id}`,
      expanded: section.id !== "ended",
      children: items.map((each) =>
        reservationRow(each, { now, hosts, expanded: all.length <= MAX_EXPANDED }),
      ),
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
  readonly id: "active" | "starting" | "queued" | "ended";
  readonly icon: string;
  readonly states: readonly ReservationState[];
  readonly label: (items: readonly Reservation[], now: Date) => string;
  readonly order: (a: Reservation, b: Reservation) => number;
}

const by =
  (key: (reservation: Reservation) => string | number) =>
  (a: Reservation, b: Reservation): number => {
    const [x, y] = [key(a), key(b)];
    if (x !== y) return x < y ? -1 : 1;
    return a.id < b.id ? -1 : 1;
  };

const SECTIONS: readonly Section[] = [
  {
    id: "active",
    icon: "vm-running",
    states: ["ready", "stopping"],
    label: () => "Active",
    order: by(({ expiresAt }) => expiresAt ?? ""),
  },
  {
    id: "starting",
    icon: "rocket",
    states: ["starting"],
    label: () => "Starting",
    order: by(({ createdAt }) => createdAt),
  },
  {
    id: "queued",
    icon: "list-ordered",
    states: ["queued"],
    label: () => "Queued",
    order: by(
      ({ waiting, createdAt }) => `${String(waiting?.position ?? 0).padStart(6, "0")} ${createdAt}`,
    ),
  },
  {
    id: "ended",
    icon: "history",
    states: ["ended", "failed"],
    // The last 24 hours reach into yesterday; the rows must not disappear at midnight.
    label: (items, now) =>
      items.every(({ endedAt }) => endedAt === null || isSameDay(new Date(endedAt), now))
        ? "Ended today"
        : "Ended since yesterday",
    order: (a, b) => by(({ endedAt }) => endedAt ?? "")(b, a),
  },
];
