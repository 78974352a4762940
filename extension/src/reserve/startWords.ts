import type { GpuType } from "@gpu-dev/shared/api/catalogue.ts";
import type { Availability } from "@gpu-dev/shared/api/resources.ts";

/** Whether a request would start at once, as things are now. Nobody can promise a time, so none is named. */
export interface Start {
  readonly isNow: boolean;
  /** "starts now", "joins the queue: 4 waiting before you". */
  readonly words: string;
}

type TypeCounts = Availability["types"][number];

/**
 * First come, first served, per type: whoever comes behind somebody who waits, waits too, also where there is room.
 * `zone` is where the chosen disk lies.
 */
export function startOf(
  type: GpuType,
  gpus: number,
  availability: Availability | null,
  zone: string | null = null,
): Start {
  const seen = countsOf(type, availability);
  if (seen === null) return { isNow: false, words: "what is free is not known yet" };
  if (seen.queued > 0) return joins(`${String(seen.queued)} waiting before you`);
  const isNow = zone === null ? fits(seen, gpus) : mostOnOneNode(seen, zone) >= unitsOf(gpus);
  return isNow ? { isNow, words: "starts now" } : joins(whyNot(seen, gpus, zone));
}

/** The best that this type can do: its smallest size. */
export function startOfType(type: GpuType, availability: Availability | null): Start {
  return startOf(type, Math.min(...type.counts), availability);
}

/** "14 of 16 GPUs free"; empty where it is not known. */
export function freeWords(type: GpuType, availability: Availability | null): string {
  const seen = countsOf(type, availability);
  if (seen === null) return "";
  if (seen.totalGpus === 0) return "no nodes";
  const unit = type.kind === "cpu" ? "slots" : "GPUs";
  return `${String(seen.freeGpus)} of ${String(seen.healthyGpus)} ${unit} free`;
}

function countsOf(type: GpuType, availability: Availability | null): TypeCounts | null {
  return availability?.types.find((each) => each.type === type.id) ?? null;
}

function joins(why: string): Start {
  return { isNow: false, words: `joins the queue: ${why}` };
}

function fits(seen: TypeCounts, gpus: number): boolean {
  return seen.fitsNow.some((size) => size.gpus === gpus && size.reservations > 0);
}

function whyNot(seen: TypeCounts, gpus: number, zone: string | null): string {
  const where = zone === null ? "" : ` in ${zone}, where the disk is`;
  const usable = seen.nodes.filter((node) => isUsable(node, zone));
  if (usable.length === 0) return `no node of this type is in use${where || " now"}`;
  const most = mostOnOneNode(seen, zone);
  if (most === 0) return `none is free${where || " now"}`;
  return `${String(most)} free on one node${where}, ${String(unitsOf(gpus))} needed`;
}

function mostOnOneNode(seen: TypeCounts, zone: string | null): number {
  const free = seen.nodes.filter((node) => isUsable(node, zone)).map((node) => node.free);
  return Math.max(0, ...free);
}

function isUsable(node: TypeCounts["nodes"][number], zone: string | null): boolean {
  return node.state === "ready" && (zone === null || node.zone === zone);
}

/** A reservation of a CPU type takes one slot. */
function unitsOf(gpus: number): number {
  return Math.max(1, gpus);
}
