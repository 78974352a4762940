import { statSync, watch } from "node:fs";
import { basename, dirname } from "node:path";
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

/** Calls `onChange` for each change of these files and folders. */
export function watchSources({ sources, print, closed, onChange }: WatchOptions): void {
  for (const source of sources) {
    const isFolder = statSync(source).isDirectory();
    // Editors replace a file rather than write to it, so a file is watched through its folder.
    const watcher = watch(isFolder ? source : dirname(source), { recursive: isFolder });
    watcher.on("change", (_event, name) => {
      if (isFolder || name === basename(source)) onChange();
    });
    watcher.on("error", (error) => {
      print(`Changes of ${source} are no longer noticed: ${error.message}`);
    });
    closed.addEventListener("abort", () => {
      watcher.close();
    });
  }
}
