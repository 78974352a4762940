import type { Change } from "./kubeWatch.ts";

/**
 * What a watch has told of one kind, so that looking at everything again costs the API server nothing. It may be some
 * milliseconds old, as any answer is by the time that it is read; while its watch is interrupted it answers nothing.
 */
export interface KubeMirror<View> {
  /** Undefined while the watch does not follow: then the server has to be asked. */
  all(): View[] | undefined;
  /**
   * Undefined when it is not known, which is no absence: what was made a moment ago, by this process or another, may not
   * have been told yet. Only the server says that something is gone.
   */
  find(name: string): View | undefined;
  replace(views: readonly View[]): void;
  take(view: View, change: Change): void;
  follow(following: boolean): void;
}

/** @param keyOf what tells one object of the kind from another */
export function createKubeMirror<View>(keyOf: (view: View) => string): KubeMirror<View> {
  const views = new Map<string, View>();
  let following = false;
  return {
    all: () => (following ? [...views.values()] : undefined),
    find: (key) => (following ? views.get(key) : undefined),
    replace: (all) => {
      views.clear();
      for (const view of all) views.set(keyOf(view), view);
    },
    take: (view, change) => {
      if (change === "deleted") views.delete(keyOf(view));
      else views.set(keyOf(view), view);
    },
    follow: (next) => {
      following = next;
    },
  };
}
