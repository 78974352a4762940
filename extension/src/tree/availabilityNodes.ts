import type { GpuType } from "@gpu-dev/shared/api/catalogue.ts";
import type { Availability } from "@gpu-dev/shared/api/resources.ts";
import { typeLabel } from "../core/text.ts";
import type { LiveState } from "../live/live.ts";
import { type GpuNode, nodeRow, type Unit } from "./gpuNodeRow.ts";
import { fact, row } from "./rows.ts";
import { tooltip } from "./tooltip.ts";
import type { TreeNode } from "./treeNode.ts";

type TypeCounts = Availability["types"][number];

/** The Availability view: GPU types, under each what fits now and its nodes, under those who has the GPUs. */
export function availabilityNodes(state: LiveState): readonly TreeNode[] {
  const types = state.availability?.types ?? [];
  return types.map((type) => typeRow(type, state));
}

function typeRow(type: TypeCounts, state: LiveState): TreeNode {
  const id = `type/${encodeURIComponent(type.type)}`;
  const label = typeLabel({ id: type.type, kind: kindOf(type, state) });
  const unit = unitOf(type);
  const words = countWords(type);
  return row({
    id,
    label,
    description: words.join(", "),
    tooltip: tooltip(type.title, `${words.join(", ")} (${unit.many}).`, fitsWords(type)),
    spoken: `${label}, ${unit.many}: ${words.join(", ")}`,
    icon: typeIcon(type),
    kind: "gpuType",
    target: { kind: "gpuType", gpuType: type.type },
    children: [
      fact({ of: id, key: "fits", label: "Fits now", value: fitsWords(type), icon: "check-all" }),
      ...type.nodes.map((node: GpuNode) => nodeRow(node, { of: id, unit, state })),
    ],
  });
}

/** By its name, until the catalogue has been read. */
function kindOf({ type }: TypeCounts, { catalogue }: LiveState): GpuType["kind"] {
  const known = catalogue?.types.find(({ id }) => id === type);
  return known?.kind ?? (type.startsWith("cpu") ? "cpu" : "gpu");
}

/** Sizes of a type without GPUs are all 0. */
function unitOf({ fitsNow }: TypeCounts): Unit {
  const isSlots = fitsNow.length > 0 && fitsNow.every(({ gpus }) => gpus === 0);
  return isSlots ? { one: "slot", many: "slots" } : { one: "GPU", many: "GPUs" };
}

/** Free of those that can be used; then what can't be, and who waits: the end is cut off first. */
function countWords({ totalGpus, healthyGpus, freeGpus, queued }: TypeCounts): readonly string[] {
  if (totalGpus === 0) return ["no nodes", ...queuedWords(queued)];
  const out = totalGpus - healthyGpus;
  return [
    `${String(freeGpus)} of ${String(healthyGpus)} free`,
    ...queuedWords(queued),
    ...(out > 0 ? [`${String(out)} unavailable`] : []),
  ];
}

function queuedWords(queued: number): readonly string[] {
  return queued === 0 ? [] : [`${String(queued)} waiting`];
}

/** "8 GPUs: 1, 4 GPUs: 3; not 16": how many reservations of each size would start now. */
function fitsWords(type: TypeCounts): string {
  const unit = unitOf(type);
  const sizes = [...type.fitsNow].sort((a, b) => b.gpus - a.gpus);
  const fitting = sizes.filter(({ reservations }) => reservations > 0);
  if (fitting.length === 0) return "nothing";
  if (unit.one === "slot") return fitting.map((size) => String(size.reservations)).join(", ");
  const fits = fitting.map(
    ({ gpus, reservations }) =>
      `${String(gpus)} ${gpus === 1 ? unit.one : unit.many}: ${String(reservations)}`,
  );
  const rest = sizes.filter(({ reservations }) => reservations <= 0);
  const not = rest.length === 0 ? "" : `; not ${rest.map(({ gpus }) => String(gpus)).join(" or ")}`;
  return `${fits.join(", ")}${not}`;
}

function typeIcon({ freeGpus, healthyGpus }: TypeCounts): TreeNode["icon"] {
  if (healthyGpus === 0) return { id: "error", color: "list.errorForeground" };
  return freeGpus > 0
    ? { id: "pass", color: "testing.iconPassed" }
    : { id: "circle-slash", color: "list.warningForeground" };
}
