import { statSync, watch } from "node:fs";
import { basename, dirname } from "node:path";
import { createCoalescer } from "@gpu-dev/shared/coalesce.ts";
import { failureReport, type Part } from "./runner.ts";

/** Editors write a file in several steps; a branch switch writes many files. */
const DEBOUNCE_MS = 200;

/** A part, and the files and folders that it is restarted for. */
export interface WatchedPart {
  readonly part: Part;
  readonly sources: readonly string[];
}

export interface SourceWatcher {
  /** Starts nothing further; a restart in progress is left to the runner's `stop`. */
  close(): void;
}

/**
 * Restarts each part when its sources change. A part that fails, at its restart or later, stays
 * down until the next change: the failure is printed, and the other parts keep running.
 */
export function watchSources(
  watched: readonly WatchedPart[],
  print: (line: string) => void,
): SourceWatcher {
  const closed = new AbortController();
  for (const { part, sources } of watched) {
    const restarter = createRestarter(part, closed.signal, print);
    restarter.reportExit();
    for (const source of sources) watchSource(source, restarter.changed);
  }
  return {
    close: () => {
      closed.abort();
    },
  };

  function watchSource(source: string, onChange: () => void): void {
    const isFolder = statSync(source).isDirectory();
    // Editors replace a file rather than write to it, so a file is watched through its folder.
    const watcher = watch(isFolder ? source : dirname(source), { recursive: isFolder });
    watcher.on("change", (_event, name) => {
      if (isFolder || name === basename(source)) onChange();
    });
    watcher.on("error", (error) => {
      print(`Changes of ${source} are no longer noticed: ${error.message}`);
    });
    closed.signal.addEventListener("abort", () => {
      watcher.close();
    });
  }
}

function createRestarter(part: Part, closed: AbortSignal, print: (line: string) => void) {
  const isClosed = (): boolean => closed.aborted;
  let isRestarting = false;
  let timer: NodeJS.Timeout | undefined;

  const reportFailure = async (error: unknown): Promise<void> => {
    if (isClosed()) return;
    print(await failureReport(part, error));
    print(`Waiting for a change to restart ${part.title}`);
  };
  const reportExit = (): void => {
    void part.exited().then(async () => {
      if (isRestarting || isClosed()) return;
      await reportFailure(new Error(`${part.title} ended unexpectedly`));
    });
  };
  const restarts = createCoalescer(async () => {
    if (isClosed()) return;
    print(`Restarting ${part.title}`);
    const startedAt = performance.now();
    isRestarting = true;
    try {
      await part.stop();
      if (isClosed()) return;
      await part.start();
      const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
      print(`Restarted ${part.title} (${seconds} s)`);
      reportExit();
    } catch (error) {
      await reportFailure(error);
    } finally {
      isRestarting = false;
    }
  });
  closed.addEventListener("abort", () => {
    clearTimeout(timer);
  });
  return {
    reportExit,
    changed: (): void => {
      clearTimeout(timer);
      if (isClosed()) return;
      timer = setTimeout(() => {
        restarts.trigger();
      }, DEBOUNCE_MS);
    },
  };
}
