import { EventEmitter, type TextDocument, Uri, window, workspace } from "vscode";
import type { Disposable } from "../core/emitter.ts";

/** Read-only documents of one scheme, whose text is ours to change while they are open. */
export interface VirtualText extends Disposable {
  /** Opens the document, or brings it to the front with the new text. */
  show(document: { path: string; id: string; text: string }, at: "start" | "end"): Promise<void>;
  /** Changes the text of a document that is open; of one that is not, nothing. */
  update(path: string, id: string, text: string): void;
  /** What is open: the paths and ids that `show` was given. */
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
    dispose: () => {
      provider.dispose();
      closing.dispose();
      changed.dispose();
    },
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
