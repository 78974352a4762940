import type { Clock } from "../platform/clock.ts";
import type { Log } from "../platform/logger.ts";
import type { KubeHttp } from "./kubeHttp.ts";
import { LABEL, type KubeNode, type KubeObject, type KubePod } from "./kubeObjects.ts";
import {
  WATCH_TIMES,
  watchKind,
  type Change,
  type KindWatch,
  type WatchTimes,
} from "./kubeWatch.ts";
import type { NodeView, PodView, WatchHandlers } from "./port.ts";
import { metadataView, nodeView, podView, type MetadataView } from "./views.ts";

/**
 * The objects of one kind as the watch last reported them, so that a resync needs no request to the
 * API server. While the watch is interrupted the cache returns nothing. A connection that died
 * silently is detected within `WATCH_TIMES.silenceMs`; until then the cache returns the state as of
 * `at`. Anything that would end a reservation is therefore confirmed by the server first.
 */
export interface InformerCache<View> {
  /**
   * Undefined while the watch is not synced: read from the server instead. `at`: when the server
   * last responded.
   */
  all(): { readonly views: View[]; readonly at: Date } | undefined;
  /**
   * Undefined when the object is not cached, which does not mean that it is absent: the watch may
   * not have reported a recent creation yet. Only the server confirms that an object is gone.
   */
  find(key: string): View | undefined;
  replace(views: readonly View[]): void;
  apply(view: View, change: Change): void;
  /** Drops an object that this process changed, until the watch reports the change. */
  invalidate(key: string): void;
  setSynced(synced: boolean): void;
  /** The server responded, and the watch has reported everything that happened before. */
  touch(): void;
}

/** @param keyOf what identifies an object of this kind */
export function createInformerCache<View>(
  keyOf: (view: View) => string,
  clock: Clock,
): InformerCache<View> {
  const views = new Map<string, View>();
  const invalidated = new Set<string>();
  let isSynced = false;
  let at = clock.now();
  return {
    all: () => (isSynced ? { views: [...views.values()], at } : undefined),
    find: (key) => (isSynced && !invalidated.has(key) ? views.get(key) : undefined),
    replace: (all) => {
      views.clear();
      invalidated.clear();
      for (const view of all) views.set(keyOf(view), view);
    },
    apply: (view, change) => {
      invalidated.delete(keyOf(view));
      if (change === "deleted") views.delete(keyOf(view));
      else views.set(keyOf(view), view);
    },
    invalidate: (key) => {
      if (views.has(key)) invalidated.add(key);
    },
    setSynced: (synced) => {
      isSynced = synced;
    },
    touch: () => {
      at = clock.now();
    },
  };
}

/** The caches of this process, one per kind. */
export interface InformerCaches {
  /** The pods of the whole cluster, by namespace and name. */
  readonly pods: InformerCache<PodView>;
  readonly nodes: InformerCache<NodeView>;
  /** This installation's, by name. */
  readonly secrets: InformerCache<MetadataView>;
  readonly services: InformerCache<MetadataView>;
}

export function createInformerCaches(clock: Clock): InformerCaches {
  return {
    pods: createInformerCache<PodView>(({ namespace, name }) => `${namespace}/${name}`, clock),
    nodes: createInformerCache<NodeView>(({ name }) => name, clock),
    secrets: createInformerCache<MetadataView>(({ name }) => name, clock),
    services: createInformerCache<MetadataView>(({ name }) => name, clock),
  };
}

export interface InformerOptions {
  readonly http: KubeHttp;
  readonly log: Log;
  readonly times: WatchTimes | undefined;
  /** Path of our namespace. */
  readonly root: string;
  readonly installation: string;
  readonly resources: readonly string[];
  readonly caches: InformerCaches;
}

/** Watches every cached kind until stopped. */
export function startInformers(
  options: InformerOptions,
  handlers: WatchHandlers,
): { stop(): Promise<void> } {
  const { http, log, times = WATCH_TIMES, root, installation, resources, caches } = options;
  const context = { http, log, times };
  const onContact = () => {
    handlers.onContact();
  };
  const watchOwned = (collection: string, cache: InformerCache<MetadataView>) =>
    watchKind<KubeObject, MetadataView>(context, {
      path: `${root}/${collection}`,
      labelSelector: `${LABEL.installation}=${installation}`,
      metadataOnly: true,
      viewOf: metadataView,
      onContact,
      ...updating(cache),
    });
  const watches = [
    watchKind<KubePod, PodView>(context, {
      // Pods of others too: they also take GPUs.
      path: "/api/v1/pods",
      viewOf: (item) => podView(item, resources),
      onContact,
      ...updating(caches.pods, (pod, change) => {
        handlers.onPod(pod, change);
      }),
    }),
    watchKind<KubeNode, NodeView>(context, {
      path: "/api/v1/nodes",
      viewOf: (item) => nodeView(item, resources),
      onContact,
      ...updating(caches.nodes, (node, change) => {
        handlers.onNode(node, change);
      }),
    }),
    watchOwned("secrets", caches.secrets),
    watchOwned("services", caches.services),
  ];
  return {
    stop: async () => {
      await Promise.all(watches.map((watch) => watch.stop()));
      for (const cache of Object.values(caches) as InformerCache<unknown>[]) cache.setSynced(false);
    },
  };
}

type CacheHandlers<View> = Pick<
  KindWatch<KubeObject, View>,
  "onListed" | "onSynced" | "onCurrent" | "onView"
>;

function updating<View>(
  cache: InformerCache<View>,
  onView?: KindWatch<KubeObject, View>["onView"],
) {
  return {
    onListed: (views) => {
      cache.replace(views);
    },
    onSynced: (synced) => {
      cache.setSynced(synced);
    },
    onCurrent: () => {
      cache.touch();
    },
    onView: (view, change) => {
      cache.apply(view, change);
      onView?.(view, change);
    },
  } satisfies CacheHandlers<View>;
}
