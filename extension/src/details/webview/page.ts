import { morph, type PageElement } from "./morph.ts";

/**
 * The script of the details view, which runs in the editor's web view. It shows the pages that the
 * extension renders and passes clicks back. The extension decides which of them it accepts.
 */

/** The state that the view stores for itself, including across a reload of the window. */
interface Stored {
  readonly id: string;
  readonly name: string;
  /** The sections whose fold the user changed. */
  readonly folds?: Readonly<Record<string, boolean>>;
  readonly scrollY?: number;
}

interface EditorApi {
  postMessage(message: unknown): void;
  getState(): Stored | undefined;
  setState(state: Stored): void;
}

/** The globals of a web view that are used: the project is compiled without a browser's types. */
declare const acquireVsCodeApi: () => EditorApi;
declare const document: {
  readonly activeElement: PageElement | null;
  readonly body: PageElement;
  querySelector(selector: string): PageElement;
  addEventListener(type: string, listener: (event: PageEvent) => void, capture?: boolean): void;
};
declare const window: {
  readonly scrollY: number;
  scrollTo(x: number, y: number): void;
  addEventListener(type: "message", listener: (event: { data: Message }) => void): void;
  addEventListener(type: "scrollend", listener: () => void): void;
};
declare const DOMParser: new () => {
  parseFromString(text: string, type: "text/html"): { readonly body: PageElement };
};
interface PageEvent {
  readonly target: PageElement;
}
interface Message {
  readonly id: string;
  readonly name: string;
  readonly body: string;
}

const editor = acquireVsCodeApi();
const main = document.querySelector("main");
let stored = editor.getState();
let isFirst = true;

window.addEventListener("message", ({ data }) => {
  show(data);
});
document.addEventListener("click", ({ target }) => {
  const command = target.closest("[data-command]")?.getAttribute("data-command");
  if (typeof command === "string") editor.postMessage({ kind: "command", command });
});
// The event does not bubble, so it is listened for on its way down.
document.addEventListener(
  "toggle",
  ({ target }) => {
    const key = target.getAttribute("data-key");
    if (key !== null) store({ folds: { ...stored?.folds, [key]: target.hasAttribute("open") } });
  },
  true,
);
window.addEventListener("scrollend", () => {
  store({ scrollY: window.scrollY });
});
editor.postMessage({ kind: "ready" });

function show({ id, name, body }: Message): void {
  stored = { ...stored, id, name };
  editor.setState(stored);
  const next = new DOMParser().parseFromString(body, "text/html").body;
  for (const details of next.querySelectorAll("details")) {
    const key = details.getAttribute("data-key") ?? "";
    const isOpen = stored.folds?.[key] ?? details.getAttribute("data-default") === "open";
    if (isOpen) details.setAttribute("open", "");
  }
  const focused = document.activeElement;
  morph(main, next);
  // A focused button that disappeared would leave the keyboard at the start of the window.
  if (focused?.isConnected === false) document.querySelector("h1").focus();
  if (isFirst) window.scrollTo(0, stored.scrollY ?? 0);
  isFirst = false;
}

function store(change: Pick<Stored, "folds"> | Pick<Stored, "scrollY">): void {
  if (stored === undefined) return;
  stored = { ...stored, ...change };
  editor.setState(stored);
}
