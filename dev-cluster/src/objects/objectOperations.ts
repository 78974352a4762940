import { randomInt } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { timestamp, type Clock } from "../platform/clock.ts";
import type { Namespace } from "../resources/simpleTypes.ts";
import {
  required,
  storageKey,
  invalidField,
  subjectOf,
  type ResourceType,
} from "../resources/resourceType.ts";
import { isDnsSubdomain } from "../resources/shapes.ts";
import { newUid, type ObjectStore, type StoredObject } from "../store/objectStore.ts";
import { admit, refuseInvalid, type FieldValidation } from "./admission.ts";
import { edited, type KubeObject, type ObjectKey, type ObjectMeta } from "../kube/kubeObject.ts";
import { checkFinalizers, checkIdentity, withSpecOf, withStatusOf } from "./objectUpdate.ts";
import {
  alreadyExists,
  badRequest,
  detailsOf,
  forbidden,
  notFound,
  StatusError,
  type Subject,
} from "../kube/statusError.ts";

export interface WriteOptions {
  /** Validates the write and responds as usual, but stores nothing. */
  readonly dryRun?: boolean;
  /** Writes only the status, and labels and annotations. */
  readonly subresource?: "status" | undefined;
  readonly fieldValidation?: FieldValidation | undefined;
  /** Receives each warning for the client of a successful request. */
  readonly warn?: ((warning: string) => void) | undefined;
  /** Whether the client replaces the object (PUT) instead of patching it. */
  readonly replaces?: boolean;
}

const NAME_LETTERS = "bcdfghjklmnpqrstvwxz2456789";

/**
 * The rules of the API over the store, for HTTP clients and for the controllers of this process.
 * Every call is synchronous and therefore atomic; a write that carries a resource version is
 * refused when the object has changed.
 */
export class ObjectOperations {
  readonly store: ObjectStore;
  readonly clock: Clock;

  constructor(options: { store: ObjectStore; clock: Clock }) {
    this.store = options.store;
    this.clock = options.clock;
  }

  /** Throws 404 if the object does not exist. */
  get<T extends KubeObject>(type: ResourceType<T>, key: ObjectKey): T {
    const object = this.find(type, key);
    if (object === undefined) throw notFound(subjectOf(type, key.name));
    return object;
  }

  find<T extends KubeObject>(type: ResourceType<T>, key: ObjectKey): T | undefined {
    return this.store.get(storageKey(type), key.namespace, key.name)?.object as T | undefined;
  }

  list<T extends KubeObject>(type: ResourceType<T>, namespace?: string): T[] {
    return this.store.list(storageKey(type), namespace).map((stored) => stored.object as T);
  }

  create(
    type: ResourceType,
    namespace: string | undefined,
    input: unknown,
    options: WriteOptions = {},
  ): StoredObject {
    const subject = subjectOf(type, nameIn(input));
    const { draft, warnings } = admit(type, input, subject, options.fieldValidation);
    for (const warning of warnings) options.warn?.(warning);
    if (type.namespaced) this.#requireNamespace(subject, namespace, draft.metadata.namespace);
    draft.metadata = this.#newMetadata(type, namespace, draft);
    type.prepareCreate?.(draft, this);
    type.setDefaults?.(draft);
    refuseInvalid(type, draft, type.validate?.(draft) ?? []);
    if (this.find(type, draft.metadata) !== undefined) {
      throw alreadyExists(subjectOf(type, draft.metadata.name));
    }
    return this.#store(type, draft, options);
  }

  /** Replaces the object, or only its status. Writes nothing if nothing changes. */
  update(
    type: ResourceType,
    key: ObjectKey,
    input: unknown,
    options: WriteOptions = {},
  ): StoredObject {
    const subject = subjectOf(type, key.name);
    const old = this.get(type, key);
    const { draft: sent, warnings } = admit(type, input, subject, options.fieldValidation);
    for (const warning of warnings) options.warn?.(warning);
    checkIdentity(type, key, sent, old, options.replaces === true);
    const next = options.subresource === "status" ? withStatusOf(old, sent) : withSpecOf(old, sent);
    if (!type.subresources.includes("status")) next.status = sent.status;
    if (next.status === undefined) delete next.status;
    type.setDefaults?.(next);
    const causes = [...(type.validate?.(next) ?? []), ...checkFinalizers(next, old)];
    if (options.subresource === undefined) causes.push(...(type.validateUpdate?.(next, old) ?? []));
    refuseInvalid(type, next, causes);
    if (!isDeepStrictEqual(next.spec, old.spec) && old.metadata.generation !== undefined) {
      next.metadata.generation = old.metadata.generation + 1;
    }
    if (isDeepStrictEqual(next, old)) {
      return { object: old, json: JSON.stringify(old) };
    }
    if (canBeRemoved(type, next) && options.dryRun !== true) {
      this.store.remove(storageKey(type), next);
      // The client receives what it wrote, although that version is never stored.
      return { object: next, json: JSON.stringify(next) };
    }
    return this.#store(type, next, options);
  }

  /** Reads the object, changes a copy and writes it; for the controllers of this process. */
  edit<T extends KubeObject>(
    type: ResourceType<T>,
    key: ObjectKey,
    change: (draft: T) => void,
    options: WriteOptions = {},
  ): T {
    return this.update(type, key, edited(this.get(type, key), change), options).object as T;
  }

  #store(type: ResourceType, object: KubeObject, options: WriteOptions): StoredObject {
    if (options.dryRun === true) return { object, json: JSON.stringify(object) };
    return this.store.put(storageKey(type), object);
  }

  #requireNamespace(subject: Subject, path: string | undefined, sent: string | undefined): void {
    if (path === undefined) throw badRequest(`${subject.resource} are created in a namespace`);
    if (sent !== undefined && sent !== path) {
      throw badRequest(
        `the namespace of the provided object (${sent}) does not match the namespace sent on the request (${path})`,
      );
    }
    const stored = this.store.get("namespaces", undefined, path)?.object as Namespace | undefined;
    if (stored === undefined) throw notFound({ group: "", resource: "namespaces", name: path });
    if (stored.metadata.deletionTimestamp !== undefined) {
      const message = `unable to create new content in namespace ${path} because it is being terminated`;
      const field = "metadata.namespace";
      const causes = [{ reason: "NamespaceTerminating", message, field }];
      throw forbidden(message, { ...detailsOf(subject), causes });
    }
  }

  #newMetadata(type: ResourceType, namespace: string | undefined, draft: KubeObject): ObjectMeta {
    const sent = draft.metadata as Partial<ObjectMeta>;
    if (sent.resourceVersion !== undefined && sent.resourceVersion !== "") {
      // A real server's storage layer refuses this, with code 500 and no reason.
      const message = "resourceVersion should not be set on objects to be created";
      throw new StatusError(500, undefined, message);
    }
    const name = this.#newName(type, namespace, sent);
    if (name === undefined) {
      refuseInvalid(type, draft, [required("metadata.name", "name or generateName is required")]);
    } else if (!isDnsSubdomain(name)) {
      const message = `Invalid value: "${name}": a lowercase RFC 1123 subdomain`;
      refuseInvalid(type, draft, [invalidField("metadata.name", message)]);
    }
    const { labels, annotations, finalizers, ownerReferences, generateName } = sent;
    return {
      name: name ?? "",
      ...(generateName === undefined ? {} : { generateName }),
      ...(type.namespaced && namespace !== undefined ? { namespace } : {}),
      uid: newUid(),
      resourceVersion: "",
      ...(type.counted === true ? { generation: 1 } : {}),
      creationTimestamp: timestamp(this.clock.now()),
      ...(labels === undefined ? {} : { labels }),
      ...(annotations === undefined ? {} : { annotations }),
      ...(finalizers === undefined ? {} : { finalizers }),
      ...(ownerReferences === undefined ? {} : { ownerReferences }),
    };
  }

  #newName(type: ResourceType, namespace: string | undefined, sent: Partial<ObjectMeta>) {
    if (sent.name !== undefined && sent.name !== "") return sent.name;
    if (sent.generateName === undefined || sent.generateName === "") return undefined;
    for (;;) {
      const letters = Array.from({ length: 5 }, () => NAME_LETTERS[randomInt(NAME_LETTERS.length)]);
      const name = sent.generateName.slice(0, 58) + letters.join("");
      if (this.find(type, { namespace, name }) === undefined) return name;
    }
  }
}

/** Whether nothing keeps a deleted object from being removed. */
export function canBeRemoved(type: ResourceType, object: KubeObject): boolean {
  return (
    object.metadata.deletionTimestamp !== undefined &&
    (object.metadata.deletionGracePeriodSeconds ?? 0) === 0 &&
    (object.metadata.finalizers ?? []).length === 0 &&
    type.isHeld?.(object) !== true
  );
}

function nameIn(input: unknown): string {
  const metadata = (input as { metadata?: { name?: unknown } } | null)?.metadata;
  return typeof metadata?.name === "string" ? metadata.name : "";
}
