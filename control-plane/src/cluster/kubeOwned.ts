import type { ReservationId } from "@gpu-dev/shared/ids.ts";
import { secretName } from "../domain/reservation.ts";
import type { InformerCaches } from "./informerCache.ts";
import type { KubeClient } from "./kubeClient.ts";
import { LABEL, type KubeObject } from "./kubeObjects.ts";
import { contentDigest } from "./objectManifests.ts";
import type { DesiredState, OwnedObject, PodView } from "./port.ts";
import { metadataView, type MetadataView } from "./views.ts";

/** The kinds that garbage collection covers, and their collections. */
export const OWNED_KINDS = { Pod: "pods", Secret: "secrets", Service: "services" } as const;

interface Parts {
  readonly client: KubeClient;
  readonly root: string;
  readonly namespace: string;
  readonly installation: string;
  readonly caches: InformerCaches;
}

/** Such a pod requires no decision. Any other may, so it is read from the server. */
export function isHealthy(pod: PodView): boolean {
  return pod.phase === "Running" && pod.ready && !pod.deleting && pod.waiting === undefined;
}

/** Whether the caches, if synced, show a ready reservation exactly as its rows do. */
export function matchesDesired(
  { namespace, caches: { pods, secrets } }: Parts,
  id: ReservationId,
  { members, secret }: DesiredState,
): boolean {
  const podsMatch = members.every(({ podName, podUid, restarts, podIp, workspacePath }) => {
    const pod = pods.find(`${namespace}/${podName}`);
    if (pod?.uid !== podUid || !isHealthy(pod)) return false;
    return pod.restarts === restarts && pod.podIp === podIp && pod.workspacePath === workspacePath;
  });
  return podsMatch && secrets.find(secretName(id))?.content === contentDigest(secret);
}

/** From the caches if they are synced, otherwise from the server. */
export async function listOwned(parts: Parts): Promise<OwnedObject[]> {
  const kinds = Object.keys(OWNED_KINDS) as OwnedObject["kind"][];
  const lists = await Promise.all(
    kinds.map(async (kind) => {
      const views = cached(parts, kind) ?? (await listed(parts, kind));
      return views.map(({ name, uid, reservationId }) => ({ kind, name, uid, reservationId }));
    }),
  );
  return lists.flat();
}

type Owned = Pick<MetadataView, "name" | "uid" | "reservationId">;

function cached(parts: Parts, kind: OwnedObject["kind"]): readonly Owned[] | undefined {
  const { caches, namespace, installation } = parts;
  if (kind === "Secret") return caches.secrets.all()?.views;
  if (kind === "Service") return caches.services.all()?.views;
  return caches.pods
    .all()
    ?.views.filter((pod) => pod.installation === installation && pod.namespace === namespace);
}

async function listed(
  { client, root, installation }: Parts,
  kind: OwnedObject["kind"],
): Promise<Owned[]> {
  const labelSelector = `${LABEL.installation}=${installation}`;
  const path = `${root}/${OWNED_KINDS[kind]}`;
  const items = await client.list<KubeObject>(path, { labelSelector, metadataOnly: true });
  return items.map(metadataView);
}
