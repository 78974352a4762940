import type { ShownElement } from "./shownElement.ts";

/** The editor appends the keys of a command to the name of its button: "Back (Ctrl+Alt+-)". */
const KEYS = String.raw` \((?:Ctrl|Alt|Shift|Meta|F\d|Delete|Backspace|Enter|Escape)[^)]*\)`;

/** A pattern for the name of a button, with or without the keys. */
export function actionNamed(name: string): RegExp {
  return new RegExp(`^${quote(name)}(?:${KEYS})?$`);
}

/** The names of buttons without the keys. */
export function plainNames(labels: readonly (string | null)[]): string[] {
  return labels.map((label) => (label ?? "").replace(new RegExp(`${KEYS}$`), ""));
}

/** Escapes a text for use in a regular expression. */
export function quote(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}

/** Runs in the page. */
export function ariaLabels(elements: ShownElement[]): (string | null)[] {
  return elements.map((element) => element.getAttribute("aria-label"));
}
