import { existsSync, type FSWatcher, readdirSync, statSync, watch } from "node:fs";
import { basename, dirname, join } from "node:path";
import { codeOf } from "@gpu-dev/shared/errors.ts";
import type { Part } from "./runner.ts";

/** Editors write a file in several steps; a branch switch writes many files. */
export const DEBOUNCE_MS = 200;

/** A part, and the files and folders that it is restarted for. */
export interface WatchedPart {
  readonly part: Part;
  readonly sources: readonly string[];
}

export interface WatchOptions {
  readonly sources: readonly string[];
  readonly print: (line: string) => void;
  readonly closed: AbortSignal;
  readonly onChange: () => void;
}

/**
 * Calls `onChange` for each change of these files and folders. Each folder has a watch of its own:
 * Node's recursive watch reports no change of a file after an editor or git replaced it. For the
 * same reason, a file is watched through its folder.
 */
export function watchSources({ sources, print, closed, onChange }: WatchOptions): void {
  const watched = new Map<string, FSWatcher>();
  const watchFolder = (folder: string, onName: (name: string) => void): void => {
    if (watched.has(folder)) return;
    const watcher = watch(folder);
    watcher.on("change", (_event, name) => {
      onName(name.toString());
    });
    watcher.on("error", (error) => {
      watcher.close();
      watched.delete(folder);
      if (existsSync(folder)) print(`Changes of ${folder} are no longer noticed: ${error.message}`);
    });
    watched.set(folder, watcher);
  };
  const watchTree = (root: string): void => {
    for (const folder of foldersIn(root)) {
      watchFolder(folder, () => {
        watchTree(root);
        onChange();
      });
    }
  };
  for (const source of sources) {
    if (statSync(source).isDirectory()) watchTree(source);
    else
      watchFolder(dirname(source), (name) => {
        if (name === basename(source)) onChange();
      });
  }
  closed.addEventListener("abort", () => {
    for (const watcher of watched.values()) watcher.close();
  });
}

/** The folder and all folders in it; none if one is removed meanwhile, which is a change too. */
function foldersIn(folder: string): string[] {
  try {
    const entries = readdirSync(folder, { withFileTypes: true, recursive: true });
    const inner = entries.filter((entry) => entry.isDirectory());
    return [folder, ...inner.map((entry) => join(entry.parentPath, entry.name))];
  } catch (error) {
    if (codeOf(error) === "ENOENT") return [];
    throw error;
  }
}
