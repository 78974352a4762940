import type { CommandId } from "../core/commands.ts";
import type { Target } from "../core/commands.ts";

/** One row of a view, free of the editor's types: what it shows is tested without an editor. */
export interface TreeNode {
  /** Unique in its view and the same for as long as the thing exists: the editor keeps selection and expansion by it. */
  readonly id: string;
  readonly label: string;
  readonly description: string;
  /** Markdown; texts of the server are escaped. */
  readonly tooltip: string;
  /** What a screen reader says: a whole phrase, without symbols. */
  readonly spoken: string;
  readonly icon: { readonly id: string; readonly color?: string };
  /** For menus: "reservation.ready", "gpuType", "node", "disk.free" ... (package.json says what each offers). */
  readonly kind: string;
  readonly children: readonly TreeNode[];
  /** Whether it is open at first; leaves are neither. */
  readonly expanded: boolean;
  readonly target: Target | null;
  /** What a click does; none: it only selects. */
  readonly command: CommandId | null;
}
