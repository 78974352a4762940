import type { Availability } from "@gpu-dev/shared/api/resources.ts";
import { LIVE } from "@gpu-dev/shared/states.ts";
import type { LiveState } from "../live/live.ts";
import { fact, row } from "./rows.ts";
import { tooltip } from "./tooltip.ts";
import type { TreeNode } from "./treeNode.ts";

export type GpuNode = Availability["types"][number]["nodes"][number];

/** How what a node has is counted: slots where a type has no GPUs. */
export interface Unit {
  readonly one: string;
  readonly many: string;
}

/** A node, and under it who has its GPUs: one's own reservations by name, everybody else's as one number. */
export function nodeRow(
  node: GpuNode,
  options: { readonly of: string; readonly unit: Unit; readonly state: LiveState },
): TreeNode {
  const { of, unit, state } = options;
  const words = nodeWords(node);
  const id = `${of}/node/${encodeURIComponent(node.name)}`;
  return row({
    id,
    label: node.name,
    description: words,
    tooltip: tooltip(
      node.name,
      `${words} (${unit.many}), zone ${node.zone}.`,
      STATE_HINT[node.state],
    ),
    spoken: `node ${node.name}, ${unit.many}: ${words}, zone ${node.zone}`,
    icon: nodeIcon(node),
    kind: "node",
    children: useRows(node, { id, unit, state }),
  });
}

function nodeWords({ state, free, gpus }: GpuNode): string {
  switch (state) {
    case "ready":
      return `${String(free)} of ${String(gpus)} free`;
    case "cordoned":
      return `closed for new ones, ${String(gpus)} in all`;
    case "not-ready":
      return `not ready, ${String(gpus)} in all`;
  }
}

const STATE_HINT = {
  ready: null,
  cordoned: "It is cordoned: what runs there goes on, and nothing new starts there.",
  "not-ready": "The cluster does not hear from it. Nothing new starts there.",
} as const;

function nodeIcon({ state, free }: GpuNode): TreeNode["icon"] {
  if (state === "not-ready") return { id: "error", color: "list.errorForeground" };
  if (state === "cordoned") return { id: "debug-pause", color: "list.warningForeground" };
  return free > 0 ? { id: "server", color: "testing.iconPassed" } : { id: "server-process" };
}

/** Only what the server's numbers say: on a node that takes nothing new, nobody can tell used from idle. */
function useRows(
  node: GpuNode,
  { id, unit, state }: { readonly id: string; readonly unit: Unit; readonly state: LiveState },
): readonly TreeNode[] {
  const mine = ownOn(node, state);
  const countOf = (n: number) => `${String(n)} ${n === 1 ? unit.one : unit.many}`;
  const held = mine.reduce((sum, { units }) => sum + units, 0);
  const others = node.state === "ready" ? Math.max(0, node.gpus - node.free - held) : 0;
  const free = node.state === "ready" ? node.free : 0;
  return [
    ...(free > 0
      ? [fact({ of: id, key: "free", label: "Free", value: countOf(free), icon: "circle-outline" })]
      : []),
    ...mine.map(({ reservation, units }) =>
      fact({
        of: id,
        key: `own/${reservation.id}`,
        label: reservation.name,
        value: `${countOf(units)}, yours`,
        icon: "account",
        target: { kind: "reservation", id: reservation.id },
      }),
    ),
    ...(others > 0
      ? [
          fact({
            of: id,
            key: "others",
            label: "In use",
            value: countOf(others),
            icon: "circle-filled",
          }),
        ]
      : []),
  ];
}

function ownOn(node: GpuNode, state: LiveState) {
  return (state.reservations ?? []).flatMap((reservation) => {
    if (!LIVE.includes(reservation.state)) return [];
    const here = reservation.members.filter((member) => member.node === node.name);
    // A member of a CPU type has no GPUs and one slot.
    const units = here.reduce((sum, { gpus }) => sum + Math.max(1, gpus), 0);
    return units === 0 ? [] : [{ reservation, units }];
  });
}
