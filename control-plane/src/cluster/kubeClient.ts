import type { Log } from "../platform/logger.ts";
import type { KubeHttp } from "./kubeHttp.ts";
import { LABEL, type KubeList, type KubeObject } from "./kubeObjects.ts";
import { ClusterRefused, ClusterUnavailable } from "./port.ts";

export interface KubeClient {
  get<Item extends KubeObject>(path: string): Promise<Item | undefined>;
  list<Item extends KubeObject>(path: string, options?: ListOptions): Promise<Item[]>;
  /**
   * Creates the object, or returns the existing one if it is ours: same labels, not terminating. A
   * foreign object is `ClusterRefused`; one that is still terminating is `ClusterUnavailable`.
   */
  ensure<Item extends KubeObject>(collection: string, manifest: Manifest): Promise<Item>;
  /** @returns whether an object of this UID (without a UID: of this name) existed */
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

const OWNERSHIP_LABELS = [
  LABEL.installation,
  LABEL.reservation,
  LABEL.attempt,
  LABEL.rank,
  LABEL.disk,
];
const PAGE_SIZE = 500;

/** The operations of the adapter that are the same for every kind of object. */
export function createKubeClient(http: KubeHttp, namespace: string, log: Log): KubeClient {
  return {
    get: (path) => get(http, path),
    list: (path, options = {}) => list(http, path, options),
    ensure: async <Item extends KubeObject>(collection: string, manifest: Manifest) => {
      try {
        return await create<Item>({ http, namespace, log }, collection, manifest);
      } catch (error) {
        if (!isReason(error, "AlreadyExists")) throw error;
      }
      const existing = await get<Item>(http, `${collection}/${manifest.metadata.name}`);
      if (!existing) {
        throw new ClusterUnavailable(
          `${nameOf(manifest)} was deleted during its creation; try again`,
        );
      }
      return requireOurs(existing, manifest);
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
    const query = new URLSearchParams({ limit: String(PAGE_SIZE) });
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

interface CreateContext {
  readonly http: KubeHttp;
  readonly namespace: string;
  readonly log: Log;
}

async function create<Item>(
  context: CreateContext,
  collection: string,
  manifest: Manifest,
): Promise<Item> {
  const call = { method: "POST", path: collection, body: manifest } as const;
  try {
    return await context.http.call<Item>(call);
  } catch (error) {
    if (!isReason(error, "NotFound")) throw error;
    // A create returns NotFound only for a missing namespace.
    await createNamespace(context);
    return context.http.call<Item>(call);
  }
}

async function createNamespace({ http, namespace, log }: CreateContext): Promise<void> {
  try {
    const body = { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } };
    await http.call({ method: "POST", path: "/api/v1/namespaces", body });
    log.info({ namespace }, "namespace created");
  } catch (error) {
    if (isReason(error, "Forbidden")) {
      throw new ClusterRefused(
        `the namespace ${namespace} does not exist and the server may not create it; install the chart, which creates it`,
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
  const existing = await get(http, path);
  if (!existing || existing.metadata?.uid !== uid) return false;
  throw new ClusterUnavailable(`${path} changed during its deletion; try again`);
}

export function isReason(error: unknown, reason: string): boolean {
  return error instanceof ClusterRefused && error.reason === reason;
}

function requireOurs<Item extends KubeObject>(existing: Item, manifest: Manifest): Item {
  const labels = existing.metadata?.labels ?? {};
  const mismatch = OWNERSHIP_LABELS.find((key) => labels[key] !== manifest.metadata.labels[key]);
  if (mismatch !== undefined) {
    throw new ClusterRefused(
      `${nameOf(manifest)} exists and belongs to another installation or attempt (label ${mismatch}); remove it, or use another namespace`,
      "AlreadyExists",
    );
  }
  if (existing.metadata?.deletionTimestamp !== undefined) {
    throw new ClusterUnavailable(`an earlier ${nameOf(manifest)} is still terminating`);
  }
  return existing;
}

const nameOf = (manifest: Manifest): string => `${manifest.kind} ${manifest.metadata.name}`;
