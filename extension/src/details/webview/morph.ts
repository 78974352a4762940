/** The part of a browser's element that the page uses. */
export interface PageElement extends PageNode {
  readonly childNodes: ArrayLike<PageNode>;
  readonly isConnected: boolean;
  getAttributeNames(): string[];
  getAttribute(name: string): string | null;
  hasAttribute(name: string): boolean;
  setAttribute(name: string, value: string): void;
  removeAttribute(name: string): void;
  closest(selector: string): PageElement | null;
  querySelectorAll(selector: string): Iterable<PageElement>;
  insertBefore(node: PageNode, before: PageNode | null): void;
  removeChild(node: PageNode): void;
  focus(): void;
}

interface PageNode {
  readonly nodeName: string;
  nodeValue: string | null;
}

/**
 * Makes the content of `current` equal to that of `next`, and keeps every element that is in both:
 * the focus, the selection and the position of the page stay. Elements are the same if their names
 * and their keys are.
 */
export function morph(current: PageElement, next: PageElement): void {
  const old = nodesOf(current);
  const kept = new Set<PageNode>();
  const nodes = nodesOf(next).map((node) => {
    const match = old.find((each) => !kept.has(each) && isSame(each, node));
    if (match === undefined) return node;
    kept.add(match);
    update(match, node);
    return match;
  });
  // Before the insertions, so that no kept element moves: a moved element loses the focus.
  for (const node of old) if (!kept.has(node)) current.removeChild(node);
  for (const [index, node] of nodes.entries()) {
    const atIndex = current.childNodes[index] ?? null;
    if (atIndex !== node) current.insertBefore(node, atIndex);
  }
}

function update(current: PageNode, next: PageNode): void {
  if (!isElement(current) || !isElement(next)) {
    if (current.nodeValue !== next.nodeValue) current.nodeValue = next.nodeValue;
    return;
  }
  for (const name of next.getAttributeNames()) {
    const value = next.getAttribute(name) ?? "";
    if (current.getAttribute(name) !== value) current.setAttribute(name, value);
  }
  for (const name of current.getAttributeNames()) {
    if (!next.hasAttribute(name)) current.removeAttribute(name);
  }
  morph(current, next);
}

/** Copied, because inserting a node into one document removes it from the other. */
function nodesOf(element: PageElement): PageNode[] {
  return Array.from(element.childNodes);
}

function isSame(a: PageNode, b: PageNode): boolean {
  return a.nodeName === b.nodeName && keyOf(a) === keyOf(b);
}

function keyOf(node: PageNode): string | null {
  return isElement(node) ? node.getAttribute("data-key") : null;
}

function isElement(node: PageNode): node is PageElement {
  return "getAttribute" in node;
}
