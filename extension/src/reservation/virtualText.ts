import { EventEmitter, type TextDocument, Uri, window, workspace } from "vscode";
import { type Disposable, disposeAll } from "../core/emitter.ts";

/** Read-only documents of one URI scheme, whose text can change while they are open. */
export interface VirtualText extends Disposable {
  /** Opens the document, or shows the open one with the new text. */
  show(
    document: { readonly path: string; readonly id: string; readonly text: string },
    at: "start" | "end",
  ): Promise<void>;
  /** Changes the text of an open document; does nothing if it is not open. */
  update(path: string, id: string, text: string): void;
  /** The paths and ids of the open documents, as passed to `show`. */
  open(): { readonly path: string; readonly id: string }[];
}

export function createVirtualText(scheme: string): VirtualText {
  const texts = new Map<string, string>();
  const changed = new EventEmitter<Uri>();
  const provider = workspace.registerTextDocumentContentProvider(scheme, {
    onDidChange: changed.event,
    provideTextDocumentContent: (uri) => texts.get(uri.toString()) ?? "",
  });
  const closing = workspace.onDidCloseTextDocument(({ uri }) => {
    if (uri.scheme === scheme) texts.delete(uri.toString());
  });
  const set = (uri: Uri, text: string) => {
    if (texts.get(uri.toString()) === text) return;
    texts.set(uri.toString(), text);
    changed.fire(uri);
  };
  return {
    show: async ({ path, id, text }, at) => {
      const uri = uriOf(scheme, path, id);
      set(uri, text);
      await showAt(await workspace.openTextDocument(uri), at);
    },
    update: (path, id, text) => {
      const uri = uriOf(scheme, path, id);
      if (texts.has(uri.toString())) set(uri, text);
    },
    open: () =>
      [...texts.keys()].map((key) => {
        const uri = Uri.parse(key);
        return { path: uri.path, id: uri.query };
      }),
    ...disposeAll(provider, closing, changed),
  };
}

function uriOf(scheme: string, path: string, id: string): Uri {
  return Uri.from({ scheme, path, query: id });
}

async function showAt(document: TextDocument, at: "start" | "end"): Promise<void> {
  const editor = await window.showTextDocument(document, { preview: true });
  if (at === "start") return;
  const last = document.lineAt(Math.max(0, document.lineCount - 1)).range;
  editor.revealRange(last);
}
