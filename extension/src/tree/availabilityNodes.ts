import type { Availability, GpuType } from "@gpu-dev/client/http/responses.ts";
import { LIVE } from "@gpu-dev/shared/states.ts";
import { typeLabel } from "@gpu-dev/client/text/reservationText.ts";
import { orList } from "../core/text.ts";
import type { LiveState } from "../live/stateKeeper.ts";
import { fact, row, tooltip, type TreeNode } from "./treeNode.ts";

type TypeCounts = Availability["types"][number];
type Size = TypeCounts["sizes"][number];
type GpuNode = TypeCounts["nodes"][number];

/** How the capacity of a type is counted: in slots for types without GPUs. */
interface Unit {
  readonly singular: string;
  readonly plural: string;
}

/**
 * The Availability view: GPU types; under each the quotes of its sizes and its nodes; under a node
 * its users.
 */
export function availabilityNodes(state: LiveState): readonly TreeNode[] {
  const types = state.availability?.types ?? [];
  return types.map((type) => typeRow(type, state));
}

function typeRow(type: TypeCounts, state: LiveState): TreeNode {
  const id = `type/${encodeURIComponent(type.type)}`;
  const label = typeLabel(type.type, kindOf(type, state));
  const unit = unitOf(type);
  const counts = countTexts(type).join(", ");
  const isBlocked = type.freeGpus > 0 && !type.sizes.some(({ starts }) => starts === "now");
  const startsNow = sizesText(
    type.sizes.filter(({ starts }) => starts === "now"),
    unit,
  );
  return row({
    id,
    label,
    // Free capacity that is reserved for a queued request would look like an offer.
    description: isBlocked ? `nothing starts now, ${counts}` : counts,
    tooltip: tooltip(
      type.title,
      `${counts} (${unit.plural}).`,
      startsNow === "" ? "No request starts now." : `Starts now: ${startsNow}.`,
    ),
    spoken: `${label}, ${unit.plural}: ${counts}`,
    icon: typeIcon(type),
    kind: "gpuType",
    target: { kind: "gpuType", gpuType: type.type },
    children: [
      ...quoteRows(type, { of: id, unit }),
      ...type.nodes.map((node) => nodeRow(node, { of: id, unit, state, sizes: type.sizes })),
    ],
  });
}

/** Until the catalogue has been read, the kind is recognized by the name. */
function kindOf({ type }: TypeCounts, { catalogue }: LiveState): GpuType["kind"] {
  const known = catalogue?.types.find(({ id }) => id === type);
  return known?.kind ?? (type.startsWith("cpu") ? "cpu" : "gpu");
}

function unitOf({ sizes }: TypeCounts): Unit {
  const isSlots = sizes.length > 0 && sizes.every(({ gpus }) => gpus === 0);
  return isSlots ? { singular: "slot", plural: "slots" } : { singular: "GPU", plural: "GPUs" };
}

/**
 * Free capacity first, then the queue and unavailable capacity, because a narrow side bar cuts off
 * the end.
 */
function countTexts({ totalGpus, healthyGpus, freeGpus, queued }: TypeCounts): readonly string[] {
  const queue = queued === 0 ? [] : [`${String(queued)} queued`];
  if (totalGpus === 0) return ["no nodes", ...queue];
  const unavailable = totalGpus - healthyGpus;
  return [
    `${String(freeGpus)} of ${String(healthyGpus)} free`,
    ...queue,
    ...(unavailable > 0 ? [`${String(unavailable)} unavailable`] : []),
  ];
}

/**
 * The server's quotes: the sizes that start now, and those that would be queued with the reason.
 */
function quoteRows(
  { sizes }: TypeCounts,
  { of, unit }: { readonly of: string; readonly unit: Unit },
): readonly TreeNode[] {
  const now = sizes.filter(({ starts }) => starts === "now");
  const queued = sizes.filter(({ starts }) => starts === "queued");
  const label = "Starts now";
  return [
    fact({ of, key: "starts", label, value: sizesText(now, unit) || "nothing", icon: "check-all" }),
    ...(queued.length === 0
      ? []
      : [
          fact({
            of,
            key: "queued",
            label: "Queued",
            value: queuedText(queued, unit),
            icon: "clock",
            tooltip: tooltip(
              ...queued.map((size) => `${sizesText([size], unit)}: ${size.why ?? "queued."}`),
            ),
          }),
        ]),
  ];
}

/**
 * With the reason if it is the same for all sizes; otherwise the tooltip shows the reason of each.
 */
function queuedText(sizes: readonly Size[], unit: Unit): string {
  const [reason, ...others] = new Set(sizes.map(({ why }) => why));
  const text = sizesText(sizes, unit);
  return others.length > 0 || reason === undefined ? text : `${text}: ${reason}`;
}

/** "1, 2 or 4 GPUs"; empty for no sizes. */
function sizesText(sizes: readonly Size[], unit: Unit): string {
  const counts = sizes.map(({ gpus, units }) => (gpus === 0 ? units : gpus)).sort((a, b) => a - b);
  if (counts.length === 0) return "";
  return `${orList(counts)} ${counts.at(-1) === 1 ? unit.singular : unit.plural}`;
}

function typeIcon({ sizes, healthyGpus }: TypeCounts): TreeNode["icon"] {
  if (healthyGpus === 0) return { id: "error", color: "list.errorForeground" };
  return sizes.some(({ starts }) => starts === "now")
    ? { id: "pass", color: "testing.iconPassed" }
    : { id: "circle-slash", color: "list.warningForeground" };
}

interface NodeOptions {
  readonly of: string;
  readonly unit: Unit;
  readonly state: LiveState;
  readonly sizes: readonly Size[];
}

/**
 * A node; under it the user's own reservations by name, and those of all other users as one number.
 */
function nodeRow(node: GpuNode, options: NodeOptions): TreeNode {
  const { of, unit } = options;
  const counts = nodeText(node);
  const id = `${of}/node/${encodeURIComponent(node.name)}`;
  return row({
    id,
    label: node.name,
    description: [freeBar(node), counts].join(" ").trim(),
    tooltip: tooltip(
      node.name,
      `${counts} (${unit.plural}), zone ${node.zone}.`,
      STATE_HINT[node.state],
    ),
    spoken: `node ${node.name}, ${unit.plural}: ${counts}, zone ${node.zone}`,
    icon: nodeIcon(node),
    kind: "node",
    children: useRows(node, { ...options, of: id }),
  });
}

function nodeText({ state, free, gpus }: GpuNode): string {
  switch (state) {
    case "ready":
      return `${String(free)} of ${String(gpus)} free`;
    case "cordoned":
      return `cordoned, ${String(gpus)} in total`;
    case "not-ready":
      return `not ready, ${String(gpus)} in total`;
  }
}

/** "■■■□□□□□": a square for each unit, filled if it is free. Empty for nodes that start nothing. */
function freeBar({ state, free, gpus }: GpuNode): string {
  if (state !== "ready" || gpus > MAX_SQUARES) return "";
  return "■".repeat(free) + "□".repeat(Math.max(0, gpus - free));
}

/** A bar of more squares would fill a narrow side bar. */
const MAX_SQUARES = 8;

const STATE_HINT = {
  ready: undefined,
  cordoned: "Running reservations continue; no new ones start here.",
  "not-ready": "The node does not respond to the cluster. No new reservations start here.",
} as const;

function nodeIcon({ state, free }: GpuNode): TreeNode["icon"] {
  if (state === "not-ready") return { id: "error", color: "list.errorForeground" };
  if (state === "cordoned") return { id: "debug-pause", color: "list.warningForeground" };
  return free > 0 ? { id: "server", color: "testing.iconPassed" } : { id: "server-process" };
}

/**
 * On a node that is not ready or cordoned, `free` is 0, so used and idle capacity cannot be
 * distinguished.
 */
function useRows(node: GpuNode, { of, unit, state, sizes }: NodeOptions): readonly TreeNode[] {
  const own = ownReservations(node, state, sizes);
  const count = (n: number) => `${String(n)} ${n === 1 ? unit.singular : unit.plural}`;
  const ownUnits = own.reduce((sum, { units }) => sum + units, 0);
  const isReady = node.state === "ready";
  const others = isReady ? Math.max(0, node.gpus - node.free - ownUnits) : 0;
  const free = isReady ? node.free : 0;
  const icon = "circle-outline";
  return [
    ...(free > 0 ? [fact({ of, key: "free", label: "Free", value: count(free), icon })] : []),
    ...own.map(({ reservation, units }) =>
      fact({
        of,
        key: `own/${reservation.id}`,
        label: reservation.name,
        value: `${count(units)}, yours`,
        icon: "account",
        target: { kind: "reservation", id: reservation.id },
      }),
    ),
    ...(others > 0
      ? [fact({ of, key: "others", label: "In use", value: count(others), icon: "circle-filled" })]
      : []),
  ];
}

/**
 * The part of a node that each of the user's reservations takes, in the units that the server
 * states for its size.
 */
function ownReservations(node: GpuNode, state: LiveState, sizes: readonly Size[]) {
  return (state.reservations ?? []).flatMap((reservation) => {
    if (!LIVE.includes(reservation.state)) return [];
    const members = reservation.members.filter((member) => member.node === node.name);
    const units = members.reduce((sum, { gpus }) => sum + unitsOf(gpus, sizes), 0);
    return units === 0 ? [] : [{ reservation, units }];
  });
}

function unitsOf(gpus: number, sizes: readonly Size[]): number {
  return sizes.find((size) => size.gpus === gpus)?.units ?? gpus;
}
