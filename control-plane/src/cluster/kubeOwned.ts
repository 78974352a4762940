import type { ReservationId } from "@gpu-dev/shared/ids.ts";
import { secretName } from "../domain/objectNames.ts";
import type { KubeMirrors } from "./kubeMirrors.ts";
import type { KubeObject } from "./kubeObjects.ts";
import type { KubeStore } from "./kubeStore.ts";
import { LABEL } from "./labels.ts";
import { contentMark } from "./objectManifests.ts";
import type { InUse, OwnedObject, PodView } from "./port.ts";
import { metadataView, type MetadataView } from "./views.ts";

/** Kinds that garbage collection looks at, and their collections. */
export const OWNED_KINDS = { Pod: "pods", Secret: "secrets", Service: "services" } as const;

interface Parts {
  readonly store: KubeStore;
  readonly root: string;
  readonly namespace: string;
  readonly installation: string;
  readonly mirrors: KubeMirrors;
}

/** Nothing is decided on such a pod; on any other something may be, and then the server is asked. */
export function runsQuietly(pod: PodView): boolean {
  return pod.phase === "Running" && pod.ready && !pod.deleting && pod.waiting === null;
}

/** Whether the watches, where they follow, show a reservation in use just as the rows have it. */
export function isAsExpected(
  { namespace, mirrors: { pods, secrets } }: Parts,
  id: ReservationId,
  { podName, podUid, restarts, podIp, workspacePath, secret }: InUse,
): boolean {
  const pod = pods.find(`${namespace}/${podName}`);
  if (pod?.uid !== podUid || !runsQuietly(pod)) return false;
  if (pod.restarts !== restarts || pod.podIp !== podIp) return false;
  if (pod.workspacePath !== workspacePath) return false;
  return secrets.find(secretName(id))?.content === contentMark(secret);
}

/** As the watches told, where they follow; else they are asked for. */
export async function listOwned(parts: Parts): Promise<OwnedObject[]> {
  const kinds = Object.keys(OWNED_KINDS) as OwnedObject["kind"][];
  const lists = await Promise.all(
    kinds.map(async (kind) => {
      const views = known(parts, kind) ?? (await asked(parts, kind));
      return views.map(({ name, uid, reservationId, attempt, createdAt }) => ({
        ...{ kind, name, uid, reservationId, attempt, createdAt },
      }));
    }),
  );
  return lists.flat();
}

type Owned = Pick<MetadataView, "name" | "uid" | "reservationId" | "attempt" | "createdAt">;

function known(parts: Parts, kind: OwnedObject["kind"]): readonly Owned[] | undefined {
  const { mirrors, namespace, installation } = parts;
  if (kind === "Secret") return mirrors.secrets.all()?.views;
  if (kind === "Service") return mirrors.services.all()?.views;
  return mirrors.pods
    .all()
    ?.views.filter((pod) => pod.installation === installation && pod.namespace === namespace);
}

async function asked(
  { store, root, installation }: Parts,
  kind: OwnedObject["kind"],
): Promise<Owned[]> {
  const labelSelector = `${LABEL.installation}=${installation}`;
  const path = `${root}/${OWNED_KINDS[kind]}`;
  const items = await store.list<KubeObject>(path, { labelSelector, metadataOnly: true });
  return items.map(metadataView);
}
