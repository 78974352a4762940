/** HTML that may be inserted as it is. Only `html` makes it. */
export interface Html {
  readonly html: string;
}

type Part = Html | string | number | undefined | readonly Part[];

/**
 * A template of HTML. Every inserted text is escaped, for an element's content and for an attribute
 * in double quotes alike; undefined inserts nothing.
 */
export function html(parts: TemplateStringsArray, ...values: readonly Part[]): Html {
  const [first = "", ...others] = parts;
  const rest = others.map((part, index) => `${textOf(values[index])}${part}`);
  return { html: [first, ...rest].join("") };
}

function textOf(value: Part): string {
  if (value === undefined) return "";
  if (typeof value === "string" || typeof value === "number") return escapeHtml(String(value));
  return isList(value) ? value.map(textOf).join("") : value.html;
}

function isList(value: Html | readonly Part[]): value is readonly Part[] {
  return Array.isArray(value);
}

function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${String(character.charCodeAt(0))};`);
}
