import type { z } from "zod";
import type { KubeObject } from "../kube/kubeObject.ts";
import type { StatusCause, Subject } from "../kube/statusError.ts";

export type Subresource = "status" | "log" | "eviction" | "binding" | "finalize";

/**
 * The rules of a kind. The functions are methods on purpose: lists contain types of several kinds.
 * The functions that change an object receive a draft and are called in this order: prepareCreate,
 * setDefaults, validate.
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
  /** Whether metadata.generation counts changes of the spec. */
  readonly counted?: boolean;
  /**
   * Defined by a CustomResourceDefinition: a value of a wrong type is invalid there, not
   * unreadable.
   */
  readonly custom?: boolean;
  readonly subresources: readonly Subresource[];
  /** The shape that every write is checked against. */
  readonly schema: z.ZodType;
  /** Whether a PUT must name the resource version that it replaces. */
  readonly replacedByVersion?: boolean;
  /**
   * Whether a deletion without a propagation policy orphans the dependents instead of collecting
   * them.
   */
  readonly orphansByDefault?: boolean;
  /** Whether a deletion returns the object instead of a Status. */
  readonly returnsDeleted?: boolean;
  /** Initializes a new object; may read other objects. */
  prepareCreate?(draft: T, others: ObjectLister): void;
  setDefaults?(draft: T): void;
  /** Checks beyond the shape. */
  validate?(object: T): StatusCause[];
  /** Checks of an update, such as of immutable fields. */
  validateUpdate?(next: T, old: T): StatusCause[];
  /**
   * The paths of field selectors besides metadata.name and metadata.namespace, each with the value
   * of an absent field.
   */
  readonly fields?: Readonly<Record<string, string>>;
  /** Whether something other than finalizers keeps the object from being removed. */
  isHeld?(object: T): boolean;
  /** Changes an object whose deletion has begun but does not remove it at once. */
  markDeleted?(draft: T): void;
  /** Seconds until a deletion takes effect; by default 0. */
  gracePeriodSeconds?(object: T, requested: number | undefined): number;
}

/** Reads stored objects. */
export interface ObjectLister {
  list<T extends KubeObject>(type: ResourceType<T>): readonly T[];
}

/** The key of the kind in the store and in changes: `pods`, `leases.coordination.k8s.io`. */
export function storageKey(type: Pick<ResourceType, "group" | "resource">): string {
  return type.group === "" ? type.resource : `${type.resource}.${type.group}`;
}

/** The object of the kind, or its collection, as an error names it. */
export function subjectOf(type: Pick<ResourceType, "group" | "resource">, name?: string): Subject {
  return { group: type.group, resource: type.resource, name };
}

export function apiVersionOf(type: Pick<ResourceType, "group" | "version">): string {
  return type.group === "" ? type.version : `${type.group}/${type.version}`;
}

export const required = (field: string, message = "Required value"): StatusCause => ({
  reason: "FieldValueRequired",
  field,
  message,
});

export const invalidField = (field: string, message: string): StatusCause => ({
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
