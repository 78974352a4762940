import type { TreeNode } from "./treeNode.ts";

/**
 * What to draw again: "root" where rows came, went or moved at the top, else the ids of the topmost rows that
 * changed themselves or whose children came, went or moved. The editor reads what lies below them anew by itself.
 */
export function rowsToRedraw(
  before: readonly TreeNode[],
  after: readonly TreeNode[],
): "root" | readonly string[] {
  if (!sameOrder(before, after)) return "root";
  const known = new Map(before.map((node) => [node.id, node]));
  return after.flatMap((node) => {
    const old = known.get(node.id);
    return old === undefined ? [] : changesOf(old, node);
  });
}

function changesOf(before: TreeNode, after: TreeNode): readonly string[] {
  if (before === after) return [];
  if (!sameRow(before, after)) return [after.id];
  const below = rowsToRedraw(before.children, after.children);
  return below === "root" ? [after.id] : below;
}

function sameOrder(before: readonly TreeNode[], after: readonly TreeNode[]): boolean {
  return before.length === after.length && before.every(({ id }, i) => id === after[i]?.id);
}

/** Children apart; a row that gets its first child or loses its last one shows another arrow. */
function sameRow(before: TreeNode, after: TreeNode): boolean {
  return shownOf(before) === shownOf(after);
}

function shownOf({ children, ...own }: TreeNode): string {
  return JSON.stringify({ ...own, isLeaf: children.length === 0 });
}
