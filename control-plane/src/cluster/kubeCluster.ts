import type { KubeConfig } from "@kubernetes/client-node";
import type { Catalogue } from "@gpu-dev/shared/api/catalogue.ts";
import { secretName, serviceName } from "../domain/reservation.ts";
import type { Clock } from "../platform/clock.ts";
import type { Log } from "../platform/logger.ts";
import { createHostKey } from "./hostKey.ts";
import { createKubeHttp, loadKubeConfig, type KubeHttp } from "./kubeHttp.ts";
import { createInformerCaches, startInformers, type InformerCaches } from "./informerCache.ts";
import {
  LABEL,
  type KubeClaim,
  type KubeNode,
  type KubePod,
  type KubeSecret,
} from "./kubeObjects.ts";
import { matchesDesired, listOwned, OWNED_KINDS, isHealthy } from "./kubeOwned.ts";
import { createKubeClient, type KubeClient, type Manifest } from "./kubeClient.ts";
import type { WatchTimes } from "./kubeWatch.ts";
import {
  claimManifest,
  contentDigest,
  secretManifest,
  secretPatch,
  serviceManifest,
} from "./objectManifests.ts";
import { podManifest } from "./podManifest.ts";
import { ClusterRefused, type Cluster, type SecretRequest } from "./port.ts";
import { claimView, nodeView, podView } from "./views.ts";

export interface KubeClusterOptions {
  /** A file. Without it and `kubeConfig`: the service account of the pod that this runs in. */
  readonly kubeconfigPath?: string;
  readonly kubeConfig?: KubeConfig;
  readonly namespace: string;
  /** Objects of other installations, even in the same namespace, are never changed. */
  readonly installation: string;
  readonly catalogue: Catalogue;
  readonly clock: Clock;
  /** Reference of the image whose SSH server is copied into pods. */
  readonly sshServerImage: string;
  readonly log: Log;
  /** For tests. */
  readonly watchTimes?: WatchTimes;
}

/**
 * The only adapter of the cluster port: any Kubernetes API server. Keeps connections open until
 * `close`.
 */
export function createKubeCluster(options: KubeClusterOptions): Cluster & { close(): void } {
  const { installation, catalogue, clock, log, namespace } = options;
  const http = createKubeHttp(options.kubeConfig ?? loadKubeConfig(options.kubeconfigPath));
  const parts: Parts = {
    http,
    client: createKubeClient(http, namespace, log),
    root: `/api/v1/namespaces/${namespace}`,
    installation,
    resources: [...new Set(catalogue.types.flatMap((type) => type.resource ?? []))],
    caches: createInformerCaches(clock),
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
      Promise.resolve(startInformers({ ...parts, log, times: options.watchTimes }, handlers)),
    close: () => {
      http.close();
    },
  };
}

interface Parts {
  readonly http: KubeHttp;
  readonly client: KubeClient;
  /** Path of our namespace. */
  readonly root: string;
  readonly installation: string;
  /** The catalogue's extended resources. */
  readonly resources: readonly string[];
  readonly caches: InformerCaches;
  readonly namespace: string;
  readonly clock: Clock;
  readonly sshServerImage: string;
}

function podCalls(parts: Parts) {
  const { http, client, root, resources, namespace } = parts;
  const { pods } = parts.caches;
  const path = (name: string) => `${root}/pods/${name}`;
  return {
    getPod: async (name) => {
      const cached = pods.find(`${namespace}/${name}`);
      if (cached && isHealthy(cached)) return cached;
      const found = await client.get<KubePod>(path(name));
      return found && podView(found, resources);
    },
    ensurePod: async (request) =>
      podView(await client.ensure<KubePod>(`${root}/pods`, podManifest(request, parts)), resources),
    deletePod: async (name, uid) => {
      pods.invalidate(`${namespace}/${name}`);
      return (await client.remove(path(name), { uid })) ? "deleting" : "gone";
    },
    forceDeletePod: async (name, uid) => {
      pods.invalidate(`${namespace}/${name}`);
      await client.remove(path(name), { uid, graceSeconds: 0 });
    },
    readLogs: (name, tailLines) =>
      http.text(`${path(name)}/log?container=workspace&tailLines=${String(tailLines)}`),
  } satisfies Partial<Cluster>;
}

function reservationCalls({ client, root, installation, caches: { secrets } }: Parts) {
  return {
    ensureSecret: (request) => ensureSecret(client, root, installation, request),
    updateSecret: async (id, content) => {
      const name = secretName(id);
      if (secrets.find(name)?.content === contentDigest(content)) return "written";
      secrets.invalidate(name);
      return (await client.patch(`${root}/secrets/${name}`, secretPatch(content)))
        ? "written"
        : "missing";
    },
    ensureService: async (request) => {
      await client.ensure(`${root}/services`, serviceManifest(request, installation));
    },
    deleteReservationObjects: async (id) => {
      await Promise.all(
        [`${root}/services/${serviceName(id)}`, `${root}/secrets/${secretName(id)}`].map((path) =>
          removeIfOurs(client, path, installation),
        ),
      );
    },
    ensureClaim: async (request) =>
      claimView(
        await client.ensure<KubeClaim>(
          `${root}/persistentvolumeclaims`,
          claimManifest(request, installation),
        ),
      ),
    getClaim: async (name) => {
      const found = await client.get<KubeClaim>(`${root}/persistentvolumeclaims/${name}`);
      return found && claimView(found);
    },
  } satisfies Partial<Cluster>;
}

function nodeCalls({ client, resources, caches: { nodes, pods }, clock }: Parts) {
  return {
    listNodesAndPods: async () => {
      const cached = { nodes: nodes.all(), pods: pods.all() };
      if (cached.nodes && cached.pods) {
        const at = cached.nodes.at < cached.pods.at ? cached.nodes.at : cached.pods.at;
        return { nodes: cached.nodes.views, pods: cached.pods.views, at };
      }
      const at = clock.now();
      const [listedNodes, listedPods] = await Promise.all([
        client.list<KubeNode>("/api/v1/nodes"),
        // The whole cluster: units taken by pods that are not listed would count as free.
        client.list<KubePod>("/api/v1/pods"),
      ]);
      return {
        nodes: listedNodes.map((node) => nodeView(node, resources)),
        pods: listedPods.map((pod) => podView(pod, resources)),
        at,
      };
    },
    getNode: async (name) => {
      const cached = nodes.find(name);
      if (cached?.ready === true) return cached;
      const found = await client.get<KubeNode>(`/api/v1/nodes/${name}`);
      return found && nodeView(found, resources);
    },
  } satisfies Partial<Cluster>;
}

function ownedCalls(parts: Parts) {
  const { client, root } = parts;
  return {
    listOwned: () => listOwned(parts),
    deleteOwned: async (object) => {
      await client.remove(`${root}/${OWNED_KINDS[object.kind]}/${object.name}`, {
        uid: object.uid,
      });
    },
    matchesDesired: (id, desired) => matchesDesired(parts, id, desired),
  } satisfies Partial<Cluster>;
}

/**
 * After a crash between creating the key and storing its public half, the Secret's key is read
 * back.
 */
async function ensureSecret(
  client: KubeClient,
  root: string,
  installation: string,
  request: SecretRequest,
): Promise<{ hostPublicKey: string }> {
  const manifest = secretManifest(request, createHostKey(), installation);
  const secret = await client.ensure<KubeSecret>(`${root}/secrets`, manifest satisfies Manifest);
  const encoded = secret.data?.["ssh_host_ed25519_key.pub"];
  if (encoded === undefined) {
    throw new ClusterRefused(
      `Secret ${manifest.metadata.name} has no host key; delete it, and the server creates it again`,
      "Invalid",
    );
  }
  return { hostPublicKey: Buffer.from(encoded, "base64").toString("utf8").trim() };
}

async function removeIfOurs(client: KubeClient, path: string, installation: string): Promise<void> {
  const existing = await client.get(path);
  const { uid, labels } = existing?.metadata ?? {};
  if (uid === undefined || labels?.[LABEL.installation] !== installation) return;
  await client.remove(path, { uid });
}
