import type { PlanInput, PlanNode } from "./types.ts";

/** A node during a pass: what is still free on it after leases and this pass's placements. */
export interface NodeRoom {
  readonly node: PlanNode;
  free: number;
}

/** In the order of their names, so that a pass gives the same plan whatever order the rows came in. */
export function roomOf({ nodes, leases }: PlanInput): NodeRoom[] {
  const held = new Map<string, number>();
  for (const lease of leases) held.set(lease.node, (held.get(lease.node) ?? 0) + lease.units);
  return nodes
    .map((node) => ({
      node,
      free: Math.max(0, node.units - node.foreignUnits - (held.get(node.name) ?? 0)),
    }))
    .sort((a, b) => compareNames(a.node.name, b.node.name));
}

export const usable = (room: NodeRoom): boolean => room.node.outOfUse === null;

/** h100-2 before h100-10: people read these names as numbers. */
export function compareNames(a: string, b: string): number {
  return COLLATOR.compare(a, b) || (a < b ? -1 : a > b ? 1 : 0);
}

const COLLATOR = new Intl.Collator("en", { numeric: true });
