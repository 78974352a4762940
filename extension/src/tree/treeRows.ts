import type { Target } from "../core/commands.ts";
import { rowsToRedraw } from "./treeDiff.ts";
import type { TreeNode } from "./treeNode.ts";

/**
 * A row as the editor holds on to it: the same object for as long as its id is on show, with what it says now. It
 * is also what the editor hands to a command of the row.
 */
export interface TreeRow {
  readonly id: string;
  readonly node: TreeNode;
  readonly parent: TreeRow | null;
  readonly children: readonly TreeRow[];
  readonly target: Target | null;
}

/** The rows of one view: takes what is to be shown, tells which rows to draw again. */
export function createTreeRows(): {
  readonly roots: () => readonly TreeRow[];
  readonly show: (nodes: readonly TreeNode[]) => "root" | readonly TreeRow[];
} {
  let shown: readonly TreeNode[] = [];
  let roots: readonly TreeRow[] = [];
  let known = new Map<string, MutableRow>();
  const placeAll = (nodes: readonly TreeNode[], parent: TreeRow | null, kept: typeof known) =>
    nodes.map((node): TreeRow => {
      const row = known.get(node.id) ?? { id: node.id, node, parent, children: [], target: null };
      kept.set(node.id, row);
      Object.assign(row, { node, parent, target: node.target });
      row.children = placeAll(node.children, row, kept);
      return row;
    });
  return {
    roots: () => roots,
    show: (nodes) => {
      const redraw = rowsToRedraw(shown, nodes);
      const kept: typeof known = new Map();
      roots = placeAll(nodes, null, kept);
      known = kept;
      shown = nodes;
      return redraw === "root" ? redraw : redraw.flatMap((id) => kept.get(id) ?? []);
    },
  };
}

type MutableRow = { -readonly [Key in keyof TreeRow]: TreeRow[Key] };
