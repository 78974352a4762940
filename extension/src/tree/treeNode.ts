import type { CommandId, Target } from "../core/commands.ts";

/** One row of a view, free of the editor's types, so that rows are tested without an editor. */
export interface TreeNode {
  /**
   * Unique in the view and stable for as long as the object exists: the editor stores selection and
   * expansion by it.
   */
  readonly id: string;
  readonly label: string;
  readonly description: string;
  /** Markdown, in which text of the server is escaped. */
  readonly tooltip: string;
  /** The phrase for screen readers, without symbols. */
  readonly spoken: string;
  readonly icon: { readonly id: string; readonly color?: string };
  /**
   * The context value for menus, such as "reservation.ready" or "disk.free"; package.json defines
   * the menus.
   */
  readonly kind: string;
  readonly children: readonly TreeNode[];
  /** Whether the row is initially expanded. */
  readonly expanded: boolean;
  readonly target: Target | undefined;
  /** The command of a click; undefined: a click only selects the row. */
  readonly command: CommandId | undefined;
}

/** The required properties of a row; the others have defaults. */
export type RowContent = Pick<TreeNode, "id" | "label" | "icon" | "kind"> & Partial<TreeNode>;

export function row(content: RowContent): TreeNode {
  const description = content.description ?? "";
  const phrase = description === "" ? content.label : `${content.label}: ${description}`;
  return {
    description,
    tooltip: tooltip(phrase),
    spoken: phrase,
    children: [],
    expanded: false,
    target: undefined,
    command: undefined,
    ...content,
  };
}

export interface FactOptions {
  /** The id of the row above. */
  readonly of: string;
  readonly key: string;
  readonly label: string;
  readonly value: string;
  readonly icon: string;
  readonly target?: Target | undefined;
  readonly tooltip?: string;
}

/** A property of the row above it. */
export function fact(options: FactOptions): TreeNode {
  const { of, key, label, value, icon, target } = options;
  return row({
    id: `${of}/${key}`,
    label,
    description: value,
    icon: { id: icon },
    kind: `fact.${key.replace(/\/.*/, "")}`,
    target,
    ...(options.tooltip === undefined ? {} : { tooltip: options.tooltip }),
  });
}

/**
 * A tooltip of paragraphs. Each is plain text: nothing in it becomes a link, an image or a heading.
 */
export function tooltip(...paragraphs: readonly (string | undefined)[]): string {
  return paragraphs
    .filter((text) => text !== undefined && text !== "")
    .map((text) => escapeMarkdown(text ?? ""))
    .join("\n\n");
}

function escapeMarkdown(text: string): string {
  const line = text.replaceAll(/\s+/g, " ").trim();
  return line
    .replaceAll(/[\\`*_{}[\]()#+\-.!|~:$@^=]/g, String.raw`\$&`)
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;");
}
