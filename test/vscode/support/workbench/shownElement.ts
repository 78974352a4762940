/**
 * The members of an element that functions in the page use. The tests are compiled without a
 * browser's types.
 */
export interface ShownElement {
  readonly textContent: string | null;
  readonly className: string;
  readonly id: string;
  getAttribute(name: string): string | null;
  querySelector(selector: string): ShownElement | null;
  querySelectorAll(selector: string): Iterable<ShownElement>;
  checkVisibility(): boolean;
  matches(selector: string): boolean;
  getBoundingClientRect(): { readonly left: number; readonly right: number };
}
