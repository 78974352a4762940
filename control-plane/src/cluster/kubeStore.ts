import type { Log } from "../platform/logger.ts";
import type { KubeHttp } from "./kubeHttp.ts";
import type { KubeList, KubeObject } from "./kubeObjects.ts";
import { LABEL } from "./labels.ts";
import { ClusterRefused, ClusterUnavailable } from "./port.ts";

export interface KubeStore {
  get<Item extends KubeObject>(path: string): Promise<Item | undefined>;
  list<Item extends KubeObject>(path: string, options?: ListOptions): Promise<Item[]>;
  /**
   * Creates, or answers the one that is there when it is ours: the same labels, and not on its way out. A foreign
   * one is refused; one that still terminates is a matter of waiting.
   */
  ensure<Item extends KubeObject>(collection: string, manifest: Manifest): Promise<Item>;
  /** @returns whether an object of this UID (of this name, when none is given) was there */
  remove(path: string, options: { uid?: string; graceSeconds?: number }): Promise<boolean>;
  patch(path: string, patch: unknown): Promise<boolean>;
}

export interface ListOptions {
  readonly labelSelector?: string;
  readonly metadataOnly?: boolean;
}

export interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
}

const COMPARED = [LABEL.installation, LABEL.reservation, LABEL.attempt, LABEL.rank, LABEL.disk];
const PAGE = 500;

/** What the adapter needs of any kind of object, over the plain calls. */
export function createKubeStore(http: KubeHttp, namespace: string, log: Log): KubeStore {
  return {
    get: (path) => get(http, path),
    list: (path, options = {}) => list(http, path, options),
    ensure: async <Item extends KubeObject>(collection: string, manifest: Manifest) => {
      try {
        return await create<Item>({ http, namespace, log }, collection, manifest);
      } catch (error) {
        if (!isReason(error, "AlreadyExists")) throw error;
      }
      const there = await get<Item>(http, `${collection}/${manifest.metadata.name}`);
      if (!there) throw new ClusterUnavailable(`${nameOf(manifest)} came and went; try again`);
      return ours(there, manifest);
    },
    remove: (path, options) => remove(http, path, options),
    patch: async (path, body) => {
      const contentType = "application/merge-patch+json";
      try {
        await http.call({ method: "PATCH", path, body, contentType });
        return true;
      } catch (error) {
        if (isReason(error, "NotFound")) return false;
        throw error;
      }
    },
  };
}

async function get<Item extends KubeObject>(
  http: KubeHttp,
  path: string,
): Promise<Item | undefined> {
  try {
    return await http.call<Item>({ method: "GET", path });
  } catch (error) {
    if (isReason(error, "NotFound")) return undefined;
    throw error;
  }
}

async function list<Item extends KubeObject>(
  http: KubeHttp,
  path: string,
  { labelSelector, metadataOnly = false }: ListOptions,
): Promise<Item[]> {
  const items: Item[] = [];
  let token: string | undefined;
  do {
    const query = new URLSearchParams({ limit: String(PAGE) });
    if (labelSelector !== undefined) query.set("labelSelector", labelSelector);
    if (token !== undefined) query.set("continue", token);
    const page: KubeList<Item> = await http.call({
      method: "GET",
      path: `${path}?${query.toString()}`,
      metadataOnly,
    });
    items.push(...(page.items ?? []));
    token = page.metadata?.continue;
  } while (token !== undefined && token !== "");
  return items;
}

interface Place {
  readonly http: KubeHttp;
  readonly namespace: string;
  readonly log: Log;
}

async function create<Item>(place: Place, collection: string, manifest: Manifest): Promise<Item> {
  const call = { method: "POST", path: collection, body: manifest } as const;
  try {
    return await place.http.call<Item>(call);
  } catch (error) {
    if (!isReason(error, "NotFound")) throw error;
    // The only thing that a create does not find is the namespace.
    await createNamespace(place);
    return place.http.call<Item>(call);
  }
}

async function createNamespace({ http, namespace, log }: Place): Promise<void> {
  try {
    const body = { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } };
    await http.call({ method: "POST", path: "/api/v1/namespaces", body });
    log.info({ namespace }, "namespace created");
  } catch (error) {
    if (isReason(error, "Forbidden")) {
      throw new ClusterRefused(
        `the namespace ${namespace} is not there, and we may not create it; the chart does`,
        "NotFound",
        { cause: error },
      );
    }
    if (!isReason(error, "AlreadyExists")) throw error;
  }
}

async function remove(
  http: KubeHttp,
  path: string,
  { uid, graceSeconds }: { uid?: string; graceSeconds?: number },
): Promise<boolean> {
  const body = {
    ...(uid === undefined ? {} : { preconditions: { uid } }),
    ...(graceSeconds === undefined ? {} : { gracePeriodSeconds: graceSeconds }),
  };
  try {
    await http.call({ method: "DELETE", path, body });
    return true;
  } catch (error) {
    if (isReason(error, "NotFound")) return false;
    if (!isReason(error, "Conflict")) throw error;
  }
  const there = await get(http, path);
  if (!there || there.metadata?.uid !== uid) return false;
  throw new ClusterUnavailable(`${path} changed while it was deleted; try again`);
}

export function isReason(error: unknown, reason: string): boolean {
  return error instanceof ClusterRefused && error.reason === reason;
}

function ours<Item extends KubeObject>(there: Item, manifest: Manifest): Item {
  const labels = there.metadata?.labels ?? {};
  const odd = COMPARED.find((key) => labels[key] !== manifest.metadata.labels[key]);
  if (odd !== undefined) {
    throw new ClusterRefused(
      `${nameOf(manifest)} is there and is not this installation's or not this attempt's (label ${odd}); remove it, or use another namespace`,
      "AlreadyExists",
    );
  }
  if (there.metadata?.deletionTimestamp !== undefined) {
    throw new ClusterUnavailable(`an earlier ${nameOf(manifest)} is still terminating`);
  }
  return there;
}

const nameOf = (manifest: Manifest): string => `${manifest.kind} ${manifest.metadata.name}`;
