import type { z } from "zod";
import type { KubeObject } from "../kube/kubeObject.ts";
import type { StatusCause } from "../kube/statusError.ts";

export type Subresource = "status" | "log" | "eviction" | "binding" | "finalize";

/**
 * Everything that the server knows of one kind. The functions are methods on purpose: types of several kinds share a list.
 * Those that change get a draft of their own and are called in this order: prepareCreate, setDefaults, validate.
 */
export interface ResourceType<T extends KubeObject = KubeObject> {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** Plural, as in paths. */
  readonly resource: string;
  readonly shortNames: readonly string[];
  readonly namespaced: boolean;
  /** Whether changes of its spec are counted in metadata.generation. */
  readonly counted?: boolean;
  /** A kind that a CustomResourceDefinition adds: a value of a wrong type is invalid there, not unreadable. */
  readonly custom?: boolean;
  readonly subresources: readonly Subresource[];
  /** The shape that is checked on each write. */
  readonly schema: z.ZodType;
  /** Whether a PUT must name the version that it replaces. */
  readonly replacedByVersion?: boolean;
  /** Whether dependents are set free, and not collected, by a deletion that says nothing about them. */
  readonly orphansByDefault?: boolean;
  /** A deletion answers with the object where this is set, otherwise with a Status. */
  readonly returnsDeleted?: boolean;
  /** What a new object starts with, given what else there is. */
  prepareCreate?(draft: T, others: ObjectLister): void;
  setDefaults?(draft: T): void;
  /** Checks beyond the shape. */
  validate?(object: T): StatusCause[];
  /** Checks of a change, such as of immutable fields. */
  validateUpdate?(next: T, old: T): StatusCause[];
  /** Paths that field selectors may name, beside metadata.name and metadata.namespace, and as what an absent one counts. */
  readonly fields?: Readonly<Record<string, string>>;
  /** Whether something beside its finalizers keeps the object from being removed. */
  isHeld?(object: T): boolean;
  /** What a deletion that does not remove the object at once changes in it. */
  markDeleted?(draft: T): void;
  /** Seconds until a deletion takes effect; a kind without it is deleted at once. */
  gracePeriodSeconds?(object: T, asked: number | undefined): number;
}

/** Reads what is stored, for what a new object takes from others. */
export interface ObjectLister {
  list<T extends KubeObject>(type: ResourceType<T>): readonly T[];
}

/** The key under which the kind is stored and named in events: `pods`, `leases.coordination.k8s.io`. */
export function storageKey(type: Pick<ResourceType, "group" | "resource">): string {
  return type.group === "" ? type.resource : `${type.resource}.${type.group}`;
}

export function apiVersionOf(type: Pick<ResourceType, "group" | "version">): string {
  return type.group === "" ? type.version : `${type.group}/${type.version}`;
}

export const required = (field: string, message = "Required value"): StatusCause => ({
  reason: "FieldValueRequired",
  field,
  message,
});

export const wrong = (field: string, message: string): StatusCause => ({
  reason: "FieldValueInvalid",
  field,
  message,
});

export const notSupported = (
  field: string,
  value: unknown,
  known: readonly string[],
): StatusCause => ({
  reason: "FieldValueNotSupported",
  field,
  message: `Unsupported value: ${JSON.stringify(value)}: supported values: ${known.join(", ")}`,
});

export const duplicate = (field: string, value: string): StatusCause => ({
  reason: "FieldValueDuplicate",
  field,
  message: `Duplicate value: "${value}"`,
});

export const forbiddenField = (field: string, message: string): StatusCause => ({
  reason: "FieldValueForbidden",
  field,
  message: `Forbidden: ${message}`,
});
