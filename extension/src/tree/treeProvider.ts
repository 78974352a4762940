import {
  EventEmitter,
  MarkdownString,
  ThemeColor,
  ThemeIcon,
  type TreeDataProvider,
  TreeItem,
  TreeItemCollapsibleState,
} from "vscode";
import type { TreeNode } from "./treeNode.ts";
import { createTreeRows, type TreeRow } from "./treeRows.ts";

export interface TreeProvider extends TreeDataProvider<TreeRow> {
  getParent(row: TreeRow): TreeRow | undefined;
  /** Replaces the rows; unchanged ones are not redrawn. */
  show(nodes: readonly TreeNode[]): void;
  dispose(): void;
}

export function createTreeProvider(): TreeProvider {
  const changed = new EventEmitter<TreeRow[] | undefined>();
  const rows = createTreeRows();
  return {
    onDidChangeTreeData: changed.event,
    getChildren: (row) => [...(row?.children ?? rows.roots())],
    getParent: (row) => row.parent,
    getTreeItem: (row) => treeItem(row.node),
    show: (nodes) => {
      const redraw = rows.show(nodes);
      if (redraw === "root") changed.fire(undefined);
      // One event for all rows: a row that moved must leave its old parent before it appears under
      // the new one.
      else if (redraw.length > 0) changed.fire([...redraw]);
    },
    dispose: () => {
      changed.dispose();
    },
  };
}

function treeItem(node: TreeNode): TreeItem {
  const item = new TreeItem(node.label, collapsibleState(node));
  item.id = node.id;
  item.description = node.description;
  item.tooltip = new MarkdownString(node.tooltip);
  item.contextValue = node.kind;
  item.iconPath = new ThemeIcon(
    node.icon.id,
    node.icon.color === undefined ? undefined : new ThemeColor(node.icon.color),
  );
  item.accessibilityInformation = { label: node.spoken };
  if (node.command !== undefined) {
    item.command = { command: node.command, title: "Show Details", arguments: [node.target] };
  }
  return item;
}

function collapsibleState({ children, expanded }: TreeNode): TreeItemCollapsibleState {
  if (children.length === 0) return TreeItemCollapsibleState.None;
  return expanded ? TreeItemCollapsibleState.Expanded : TreeItemCollapsibleState.Collapsed;
}
