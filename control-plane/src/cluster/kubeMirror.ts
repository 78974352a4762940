import type { Clock } from "../platform/clock.ts";
import type { Change } from "./kubeWatch.ts";

/**
 * What a watch has told of one kind, so that looking at everything again costs the API server nothing. While its watch is
 * interrupted it answers nothing. A connection that died without a word is found out within `WATCH_TIMES.silenceMs`; until
 * then it answers what was true at `at`, so that whatever would end something is asked of the server first.
 */
export interface KubeMirror<View> {
  /** Undefined while the watch does not follow: then the server has to be asked. `at`: when it last said something. */
  all(): { readonly views: View[]; readonly at: Date } | undefined;
  /**
   * Undefined when it is not known, which is no absence: what was made a moment ago, by this process or another, may not
   * have been told yet. Only the server says that something is gone.
   */
  find(key: string): View | undefined;
  replace(views: readonly View[]): void;
  take(view: View, change: Change): void;
  /** Of what this process changed: until the watch tells of it, the server is asked. */
  forget(key: string): void;
  follow(following: boolean): void;
  /** The server said something, and with it that nothing else had happened before. */
  confirm(): void;
}

/** @param keyOf what tells one object of the kind from another */
export function createKubeMirror<View>(
  keyOf: (view: View) => string,
  clock: Clock,
): KubeMirror<View> {
  const views = new Map<string, View>();
  const forgotten = new Set<string>();
  let following = false;
  let at = clock.now();
  return {
    all: () => (following ? { views: [...views.values()], at } : undefined),
    find: (key) => (following && !forgotten.has(key) ? views.get(key) : undefined),
    replace: (all) => {
      views.clear();
      forgotten.clear();
      for (const view of all) views.set(keyOf(view), view);
    },
    take: (view, change) => {
      forgotten.delete(keyOf(view));
      if (change === "deleted") views.delete(keyOf(view));
      else views.set(keyOf(view), view);
    },
    forget: (key) => {
      if (views.has(key)) forgotten.add(key);
    },
    follow: (next) => {
      following = next;
    },
    confirm: () => {
      at = clock.now();
    },
  };
}
