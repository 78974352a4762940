/** One line of a pick, free of the editor's types. */
export interface Choice<T> {
  /** The same for as long as it means the same: the selected line is kept by it while the others change. */
  readonly id: string;
  readonly label: string;
  readonly description?: string;
  readonly detail?: string;
  /** The name of a codicon. */
  readonly icon?: string;
  /** What it stands for, or why it can't be chosen now. */
  readonly pick: { readonly value: T } | { readonly whyNot: string };
  /** Made from what was typed, so not filtered by it. */
  readonly isTyped?: boolean;
}
