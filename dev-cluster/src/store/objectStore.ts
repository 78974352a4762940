import { randomUUID } from "node:crypto";
import { deepFreeze, type KubeObject } from "../kube/kubeObject.ts";
import type { ObjectFile } from "./objectFile.ts";

export type ChangeType = "ADDED" | "MODIFIED" | "DELETED";

export interface StoredObject {
  /** Deeply frozen. */
  readonly object: KubeObject;
  /** The object as text, serialized once for all readers. */
  readonly json: string;
}

export interface Change extends StoredObject {
  readonly type: ChangeType;
  readonly revision: number;
  /** Storage key of the kind, such as `pods` or `leases.coordination.k8s.io`. */
  readonly resource: string;
  /** The previous state; absent for ADDED. */
  readonly previous?: KubeObject;
}

/**
 * All objects in memory, written through to a file. Every call is synchronous: while a caller
 * reads, checks and writes without awaiting, no other write can happen. The latest changes are kept
 * for watches that resume.
 */
export class ObjectStore {
  /** Identifies this store: another store at the same address is another cluster. */
  readonly uid: string;
  readonly #file: ObjectFile;
  readonly #historyLength: number;
  readonly #onError: (error: unknown) => void;
  readonly #kinds = new Map<string, Map<string, StoredObject>>();
  readonly #listeners = new Set<(change: Change) => void>();
  #history: Change[] = [];
  #revision: number;
  #compacted: number;

  constructor(options: {
    file: ObjectFile;
    historyLength: number;
    /** Receives errors of listeners; they affect neither the write nor the other listeners. */
    onError: (error: unknown) => void;
  }) {
    this.#file = options.file;
    this.#onError = options.onError;
    this.#historyLength = options.historyLength;
    const loaded = this.#file.load();
    this.uid = loaded.uid;
    this.#revision = loaded.revision;
    // The history does not survive a restart: a client that missed changes must list again.
    this.#compacted = loaded.revision;
    for (const row of loaded.objects) {
      const object = deepFreeze(JSON.parse(row.json) as KubeObject);
      this.#kind(row.resource).set(keyOf(row.namespace, row.name), { object, json: row.json });
    }
  }

  get revision(): number {
    return this.#revision;
  }

  /** The oldest revision after which every change is still available. */
  get compactedRevision(): number {
    return this.#compacted;
  }

  get(resource: string, namespace: string | undefined, name: string): StoredObject | undefined {
    return this.#kinds.get(resource)?.get(keyOf(namespace, name));
  }

  /** Sorted by namespace and name. */
  list(resource: string, namespace?: string): StoredObject[] {
    const all = [...(this.#kinds.get(resource) ?? [])];
    const prefix = namespace === undefined ? "" : `${namespace}/`;
    return all
      .filter(([key]) => key.startsWith(prefix))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, stored]) => stored);
  }

  /** Stores the object under the next revision; it is frozen from then on. */
  put(resource: string, object: KubeObject): StoredObject {
    const { namespace, name } = object.metadata;
    const kind = this.#kind(resource);
    const old = kind.get(keyOf(namespace, name));
    const revision = this.#revision + 1;
    object.metadata.resourceVersion = String(revision);
    const stored = { object: deepFreeze(object), json: JSON.stringify(object) };
    this.#file.put({ resource, namespace, name, revision, json: stored.json });
    this.#revision = revision;
    kind.set(keyOf(namespace, name), stored);
    const type = old === undefined ? "ADDED" : "MODIFIED";
    this.#publish({
      ...stored,
      type,
      revision,
      resource,
      ...(old ? { previous: old.object } : {}),
    });
    return stored;
  }

  /** Removes the object; the change carries its last state under the revision of the removal. */
  remove(resource: string, object: KubeObject): StoredObject {
    const { namespace, name } = object.metadata;
    const revision = this.#revision + 1;
    const last = structuredClone(object);
    last.metadata.resourceVersion = String(revision);
    const stored = { object: deepFreeze(last), json: JSON.stringify(last) };
    this.#file.remove({ resource, namespace, name, revision });
    this.#revision = revision;
    this.#kind(resource).delete(keyOf(namespace, name));
    this.#publish({ ...stored, type: "DELETED", revision, resource, previous: object });
    return stored;
  }

  /**
   * Every change after the revision, oldest first; undefined if some are dropped or in the future.
   */
  changesSince(revision: number): Change[] | undefined {
    if (revision < this.#compacted || revision > this.#revision) return undefined;
    return this.#history.slice(this.#history.findLastIndex((c) => c.revision <= revision) + 1);
  }

  /** Calls the listener during each write; it must not write before it returns. */
  subscribe(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    this.#listeners.clear();
    this.#file.close();
  }

  #publish(change: Change): void {
    this.#history.push(change);
    // Trimmed in steps: removing single changes would copy the whole list at each write.
    if (this.#history.length > this.#historyLength * 1.25) {
      const dropped = this.#history.length - this.#historyLength;
      this.#compacted = this.#history[dropped - 1]?.revision ?? this.#compacted;
      this.#history = this.#history.slice(dropped);
    }
    for (const listener of this.#listeners) {
      try {
        listener(change);
      } catch (error) {
        this.#onError(error);
      }
    }
  }

  #kind(resource: string): Map<string, StoredObject> {
    let kind = this.#kinds.get(resource);
    if (kind === undefined) {
      kind = new Map();
      this.#kinds.set(resource, kind);
    }
    return kind;
  }
}

export function newUid(): string {
  return randomUUID();
}

/** The sort key of a list: namespace first, as in the path of a real cluster's store. */
export function keyOf(namespace: string | undefined, name: string): string {
  return `${namespace ?? ""}/${name}`;
}
