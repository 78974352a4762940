import type { Clock } from "../platform/clock.ts";
import type { Log } from "../platform/logger.ts";
import type { KubeHttp } from "./kubeHttp.ts";
import { createKubeMirror, type KubeMirror } from "./kubeMirror.ts";
import type { KubeNode, KubeObject, KubePod } from "./kubeObjects.ts";
import { WATCH_TIMES, watchKind, type KindWatch, type WatchTimes } from "./kubeWatch.ts";
import { LABEL } from "./labels.ts";
import type { NodeView, PodView, WatchHandlers } from "./port.ts";
import { metadataView, nodeView, podView, type MetadataView } from "./views.ts";

/** What the watches of this process have told. */
export interface KubeMirrors {
  /** Everybody's, by namespace and name. */
  readonly pods: KubeMirror<PodView>;
  readonly nodes: KubeMirror<NodeView>;
  /** This installation's, by name. */
  readonly secrets: KubeMirror<MetadataView>;
  readonly services: KubeMirror<MetadataView>;
}

export function createKubeMirrors(clock: Clock): KubeMirrors {
  return {
    pods: createKubeMirror<PodView>(({ namespace, name }) => `${namespace}/${name}`, clock),
    nodes: createKubeMirror<NodeView>(({ name }) => name, clock),
    secrets: createKubeMirror<MetadataView>(({ name }) => name, clock),
    services: createKubeMirror<MetadataView>(({ name }) => name, clock),
  };
}

export interface Watched {
  readonly http: KubeHttp;
  readonly log: Log;
  readonly times: WatchTimes | undefined;
  /** Path of our namespace. */
  readonly root: string;
  readonly installation: string;
  readonly resources: readonly string[];
  readonly mirrors: KubeMirrors;
}

export function startWatches(watched: Watched, handlers: WatchHandlers): { stop(): Promise<void> } {
  const { http, log, times = WATCH_TIMES, root, installation, resources, mirrors } = watched;
  const context = { http, log, times };
  const onContact = () => {
    handlers.onContact();
  };
  const ours = { labelSelector: `${LABEL.installation}=${installation}`, metadataOnly: true };
  const owned = (collection: string, mirror: KubeMirror<MetadataView>) =>
    watchKind<KubeObject, MetadataView>(context, {
      ...{ path: `${root}/${collection}`, ...ours, viewOf: metadataView, onContact },
      ...keeping(mirror),
    });
  const watches = [
    watchKind<KubePod, PodView>(context, {
      // Everybody's, as they take GPUs too.
      ...{ path: "/api/v1/pods", viewOf: (item) => podView(item, resources), onContact },
      ...keeping(mirrors.pods, (pod, change) => {
        handlers.onPod(pod, change);
      }),
    }),
    watchKind<KubeNode, NodeView>(context, {
      ...{ path: "/api/v1/nodes", viewOf: (item) => nodeView(item, resources), onContact },
      ...keeping(mirrors.nodes, (node, change) => {
        handlers.onNode(node, change);
      }),
    }),
    owned("secrets", mirrors.secrets),
    owned("services", mirrors.services),
  ];
  return {
    stop: async () => {
      await Promise.all(watches.map((watch) => watch.stop()));
      for (const mirror of Object.values(mirrors) as KubeMirror<unknown>[]) mirror.follow(false);
    },
  };
}

type Kept<View> = Pick<
  KindWatch<KubeObject, View>,
  "onListed" | "onFollowing" | "onCurrent" | "onView"
>;

function keeping<View>(mirror: KubeMirror<View>, onView?: KindWatch<KubeObject, View>["onView"]) {
  return {
    onListed: (views) => {
      mirror.replace(views);
    },
    onFollowing: (following) => {
      mirror.follow(following);
    },
    onCurrent: () => {
      mirror.confirm();
    },
    onView: (view, change) => {
      mirror.take(view, change);
      onView?.(view, change);
    },
  } satisfies Kept<View>;
}
