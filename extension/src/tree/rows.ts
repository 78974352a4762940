import type { Target } from "../core/commands.ts";
import { tooltip } from "./tooltip.ts";
import type { TreeNode } from "./treeNode.ts";

/** What a row must say; the rest has a value that fits most rows. */
export type RowContent = Pick<TreeNode, "id" | "label" | "icon" | "kind"> & Partial<TreeNode>;

export function row(content: RowContent): TreeNode {
  const description = content.description ?? "";
  const said = description === "" ? content.label : `${content.label}: ${description}`;
  return {
    description,
    tooltip: tooltip(said),
    spoken: said,
    children: [],
    expanded: false,
    target: null,
    command: null,
    ...content,
  };
}

/** One thing that is known of the row above it. */
export function fact(options: {
  readonly of: string;
  readonly key: string;
  readonly label: string;
  readonly value: string;
  readonly icon: string;
  readonly target?: Target | null;
}): TreeNode {
  const { of, key, label, value, icon, target = null } = options;
  return row({
    id: `${of}/${key}`,
    label,
    description: value,
    icon: { id: icon },
    kind: `fact.${key.replace(/\/.*/, "")}`,
    target,
  });
}
