import type { Target } from "../core/commands.ts";
import type { TreeNode } from "./treeNode.ts";

/**
 * A row as the editor holds it: the same object for as long as its id is shown, with its current
 * content. The editor also passes it to the commands of the row.
 */
export interface TreeRow {
  readonly id: string;
  readonly node: TreeNode;
  readonly parent: TreeRow | undefined;
  readonly children: readonly TreeRow[];
  readonly target: Target | undefined;
}

export interface TreeRows {
  roots(): readonly TreeRow[];
  /** Replaces the rows; returns those to redraw. */
  show(nodes: readonly TreeNode[]): "root" | readonly TreeRow[];
}

/** The rows of one view. */
export function createTreeRows(): TreeRows {
  let shown: readonly TreeNode[] = [];
  let roots: readonly TreeRow[] = [];
  let known = new Map<string, MutableRow>();
  const placeAll = (nodes: readonly TreeNode[], parent: TreeRow | undefined, kept: typeof known) =>
    nodes.map((node): TreeRow => {
      const row = known.get(node.id) ?? {
        id: node.id,
        node,
        parent,
        children: [],
        target: undefined,
      };
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
      roots = placeAll(nodes, undefined, kept);
      known = kept;
      shown = nodes;
      return redraw === "root" ? redraw : redraw.flatMap((id) => kept.get(id) ?? []);
    },
  };
}

type MutableRow = { -readonly [Key in keyof TreeRow]: TreeRow[Key] };

/**
 * The rows to redraw: "root" if top rows were added, removed or moved, otherwise the ids of the
 * topmost rows that changed or whose children were added, removed or moved. The editor re-reads
 * everything below these rows.
 */
export function rowsToRedraw(
  before: readonly TreeNode[],
  after: readonly TreeNode[],
): "root" | readonly string[] {
  if (!isSameOrder(before, after)) return "root";
  const known = new Map(before.map((node) => [node.id, node]));
  return after.flatMap((node) => {
    const previous = known.get(node.id);
    return previous === undefined ? [] : changesOf(previous, node);
  });
}

function changesOf(before: TreeNode, after: TreeNode): readonly string[] {
  if (before === after) return [];
  if (!isSameRow(before, after)) return [after.id];
  const below = rowsToRedraw(before.children, after.children);
  return below === "root" ? [after.id] : below;
}

function isSameOrder(before: readonly TreeNode[], after: readonly TreeNode[]): boolean {
  return before.length === after.length && before.every(({ id }, i) => id === after[i]?.id);
}

/**
 * Ignores the children, except that a row shows another arrow when it gets its first child or loses
 * its last.
 */
function isSameRow(before: TreeNode, after: TreeNode): boolean {
  return shownContent(before) === shownContent(after);
}

function shownContent({ children, ...content }: TreeNode): string {
  return JSON.stringify({ ...content, isLeaf: children.length === 0 });
}
