import type { Reservation } from "@gpu-dev/shared/api/reservation.ts";
import type { ReservationState } from "@gpu-dev/shared/states.ts";
import { isSameDay } from "../core/text.ts";
import type { LiveState } from "../live/live.ts";
import type { ShownHosts } from "./reservationFacts.ts";
import { reservationRow } from "./reservationRow.ts";
import { row } from "./rows.ts";
import type { TreeNode } from "./treeNode.ts";

/** The Reservations view: what is in use first, then what comes, then what is over. Empty sections are left out. */
export function reservationNodes(
  state: LiveState,
  now: Date,
  hosts: ShownHosts,
): readonly TreeNode[] {
  const all = state.reservations ?? [];
  return SECTIONS.flatMap((section) => {
    const its = all.filter((one) => section.states.includes(one.state)).sort(section.order);
    if (its.length === 0) return [];
    const label = section.label(its, now);
    const count = String(its.length);
    return row({
      id: `section/${section.id}`,
      label,
      description: count,
      spoken: `${label}, ${count} ${its.length === 1 ? "reservation" : "reservations"}`,
      icon: { id: section.icon },
      kind: `section.${section.id}`,
      expanded: section.id !== "ended",
      children: its.map((one) =>
        reservationRow(one, { now, hosts, expanded: all.length <= MOST_OPEN }),
      ),
    });
  });
}

export function countReady(state: LiveState): number {
  return (state.reservations ?? []).filter((one) => one.state === "ready").length;
}

/** With more reservations than this, each is closed at first, so that the sections fit a small sidebar. */
const MOST_OPEN = 3;

interface Section {
  readonly id: "active" | "starting" | "waiting" | "ended";
  readonly icon: string;
  readonly states: readonly ReservationState[];
  readonly label: (its: readonly Reservation[], now: Date) => string;
  readonly order: (a: Reservation, b: Reservation) => number;
}

const by =
  (key: (one: Reservation) => string | number) =>
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
    id: "waiting",
    icon: "list-ordered",
    states: ["queued"],
    label: () => "Waiting",
    order: by(
      ({ waiting, createdAt }) => `${String(waiting?.position ?? 0).padStart(6, "0")} ${createdAt}`,
    ),
  },
  {
    id: "ended",
    icon: "history",
    states: ["ended", "failed"],
    // A day back from now reaches into yesterday; at midnight nothing is to vanish.
    label: (its, now) =>
      its.every(({ endedAt }) => endedAt === null || isSameDay(new Date(endedAt), now))
        ? "Ended today"
        : "Ended since yesterday",
    order: (a, b) => by(({ endedAt }) => endedAt ?? "")(b, a),
  },
];
