import type { KubeConfig } from "@kubernetes/client-node";
import type { Catalogue } from "@gpu-dev/shared/api/catalogue.ts";
import { secretName, serviceName } from "../domain/objectNames.ts";
import type { Clock } from "../platform/clock.ts";
import type { Log } from "../platform/logger.ts";
import { createHostKey } from "./hostKey.ts";
import { loadKubeConfig } from "./kubeConfigFile.ts";
import { createKubeHttp, type KubeHttp } from "./kubeHttp.ts";
import { createKubeMirrors, startWatches, type KubeMirrors } from "./kubeMirrors.ts";
import type { KubeClaim, KubeNode, KubePod, KubeSecret } from "./kubeObjects.ts";
import { isAsExpected, listOwned, OWNED_KINDS, runsQuietly } from "./kubeOwned.ts";
import { createKubeStore, type KubeStore, type Manifest } from "./kubeStore.ts";
import type { WatchTimes } from "./kubeWatch.ts";
import { LABEL } from "./labels.ts";
import {
  claimManifest,
  contentMark,
  secretManifest,
  secretPatch,
  serviceManifest,
} from "./objectManifests.ts";
import { podManifest } from "./podManifest.ts";
import { ClusterRefused, type Cluster, type SecretRequest } from "./port.ts";
import { claimView, nodeView, podView } from "./views.ts";

export interface KubeClusterOptions {
  /** A file; without it and without `kubeConfig`, the service account of the pod that this runs in. */
  readonly kubeconfigPath?: string;
  readonly kubeConfig?: KubeConfig;
  readonly namespace: string;
  /** Objects of others, also of another installation in the same namespace, are never touched. */
  readonly installation: string;
  readonly catalogue: Catalogue;
  readonly clock: Clock;
  /** Reference of the image that brings the SSH server into pods. */
  readonly sshServerImage: string;
  readonly log: Log;
  /** Tests shorten them. */
  readonly watchTimes?: WatchTimes;
}

/** The one adapter of the cluster port: any Kubernetes API server. Holds connections until `close`. */
export function createKubeCluster(options: KubeClusterOptions): Cluster & { close(): void } {
  const { installation, catalogue, clock, log, namespace } = options;
  const http = createKubeHttp(options.kubeConfig ?? loadKubeConfig(options.kubeconfigPath));
  const parts: Parts = {
    http,
    store: createKubeStore(http, namespace, log),
    root: `/api/v1/namespaces/${namespace}`,
    installation,
    resources: [...new Set(catalogue.types.flatMap((type) => type.resource ?? []))],
    mirrors: createKubeMirrors(clock),
    namespace,
    clock,
    sshServerImage: options.sshServerImage,
  };
  return {
    ...podCalls(parts),
    ...reservationCalls(parts),
    ...nodeCalls(parts),
    ...ownedCalls(parts),
    watch: (handlers) =>
      Promise.resolve(startWatches({ ...parts, log, times: options.watchTimes }, handlers)),
    close: () => {
      http.close();
    },
  };
}

interface Parts {
  readonly http: KubeHttp;
  readonly store: KubeStore;
  /** Path of our namespace. */
  readonly root: string;
  readonly installation: string;
  /** Extended resources that the catalogue names. */
  readonly resources: readonly string[];
  readonly mirrors: KubeMirrors;
  readonly namespace: string;
  readonly clock: Clock;
  readonly sshServerImage: string;
}

function podCalls(parts: Parts) {
  const { http, store, root, resources, namespace } = parts;
  const { pods } = parts.mirrors;
  const path = (name: string) => `${root}/pods/${name}`;
  return {
    getPod: async (name) => {
      const known = pods.find(`${namespace}/${name}`);
      if (known && runsQuietly(known)) return known;
      const found = await store.get<KubePod>(path(name));
      return found && podView(found, resources);
    },
    ensurePod: async (request) =>
      podView(await store.ensure<KubePod>(`${root}/pods`, podManifest(request, parts)), resources),
    deletePod: async (name, uid) => {
      pods.forget(`${namespace}/${name}`);
      return (await store.remove(path(name), { uid })) ? "deleting" : "gone";
    },
    forceDeletePod: async (name, uid) => {
      pods.forget(`${namespace}/${name}`);
      await store.remove(path(name), { uid, graceSeconds: 0 });
    },
    readLogs: (name, tailLines) =>
      http.text(`${path(name)}/log?container=workspace&tailLines=${String(tailLines)}`),
  } satisfies Partial<Cluster>;
}

function reservationCalls({ store, root, installation, mirrors: { secrets } }: Parts) {
  return {
    ensureSecret: (request) => ensureSecret(store, root, installation, request),
    updateSecret: async (id, content) => {
      const name = secretName(id);
      if (secrets.find(name)?.content === contentMark(content)) return "written";
      secrets.forget(name);
      return (await store.patch(`${root}/secrets/${name}`, secretPatch(content)))
        ? "written"
        : "missing";
    },
    ensureService: async (request) => {
      await store.ensure(`${root}/services`, serviceManifest(request, installation));
    },
    deleteReservationObjects: async (id) => {
      await Promise.all(
        [`${root}/services/${serviceName(id)}`, `${root}/secrets/${secretName(id)}`].map((path) =>
          removeOurs(store, path, installation),
        ),
      );
    },
    ensureClaim: async (request) =>
      claimView(
        await store.ensure<KubeClaim>(
          `${root}/persistentvolumeclaims`,
          claimManifest(request, installation),
        ),
      ),
    getClaim: async (name) => {
      const found = await store.get<KubeClaim>(`${root}/persistentvolumeclaims/${name}`);
      return found && claimView(found);
    },
  } satisfies Partial<Cluster>;
}

function nodeCalls({ store, resources, mirrors: { nodes, pods }, clock }: Parts) {
  return {
    survey: async () => {
      const known = { nodes: nodes.all(), pods: pods.all() };
      if (known.nodes && known.pods) {
        const at = known.nodes.at < known.pods.at ? known.nodes.at : known.pods.at;
        return { nodes: known.nodes.views, pods: known.pods.views, at };
      }
      const at = clock.now();
      const [listedNodes, listedPods] = await Promise.all([
        store.list<KubeNode>("/api/v1/nodes"),
        // Everybody's: what may not be seen would be taken for free.
        store.list<KubePod>("/api/v1/pods"),
      ]);
      return {
        nodes: listedNodes.map((node) => nodeView(node, resources)),
        pods: listedPods.map((pod) => podView(pod, resources)),
        at,
      };
    },
    getNode: async (name) => {
      const known = nodes.find(name);
      if (known?.ready === true) return known;
      const found = await store.get<KubeNode>(`/api/v1/nodes/${name}`);
      return found && nodeView(found, resources);
    },
  } satisfies Partial<Cluster>;
}

function ownedCalls(parts: Parts) {
  const { store, root } = parts;
  return {
    listOwned: () => listOwned(parts),
    deleteOwned: async (object) => {
      await store.remove(`${root}/${OWNED_KINDS[object.kind]}/${object.name}`, { uid: object.uid });
    },
    isAsExpected: (id, expected) => isAsExpected(parts, id, expected),
  } satisfies Partial<Cluster>;
}

/** A crash between making the key and storing its public half makes no second key: the Secret's is read back. */
async function ensureSecret(
  store: KubeStore,
  root: string,
  installation: string,
  request: SecretRequest,
): Promise<{ hostPublicKey: string }> {
  const manifest = secretManifest(request, createHostKey(), installation);
  const secret = await store.ensure<KubeSecret>(`${root}/secrets`, manifest satisfies Manifest);
  const encoded = secret.data?.["ssh_host_ed25519_key.pub"];
  if (encoded === undefined) {
    throw new ClusterRefused(
      `Secret ${manifest.metadata.name} holds no host key; delete it, and it is made anew`,
      "Invalid",
    );
  }
  return { hostPublicKey: Buffer.from(encoded, "base64").toString("utf8").trim() };
}

async function removeOurs(store: KubeStore, path: string, installation: string): Promise<void> {
  const there = await store.get(path);
  const { uid, labels } = there?.metadata ?? {};
  if (uid === undefined || labels?.[LABEL.installation] !== installation) return;
  await store.remove(path, { uid });
}
