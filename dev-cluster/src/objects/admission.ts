import { z } from "zod";
import { badRequest, invalid, type StatusCause, type Subject } from "../kube/statusError.ts";
import { isRecord, type KubeObject } from "../kube/kubeObject.ts";
import {
  apiVersionOf,
  notSupported,
  required,
  invalidField,
  type ResourceType,
} from "../resources/resourceType.ts";
import { decode, unreadable } from "../schema/decode.ts";
import { metadataShape } from "../resources/shapes.ts";

const outerShape = z.looseObject({ metadata: metadataShape });

/** The handling of unknown fields: drop them silently, warn, or refuse the object. */
export type FieldValidation = "Ignore" | "Warn" | "Strict";

export interface Admitted {
  readonly draft: KubeObject;
  readonly warnings: readonly string[];
}

/**
 * A draft of the client's object: a private copy with known fields only, of the right kind and
 * shape.
 */
export function admit(
  type: ResourceType,
  input: unknown,
  subject: Subject,
  fieldValidation: FieldValidation = "Ignore",
): Admitted {
  if (!isRecord(input)) throw badRequest("the body is not an object");
  const apiVersion = apiVersionOf(type);
  checkKind(type, input, apiVersion);
  const { object: draft, unknown } = decode(
    type,
    { ...input, metadata: input["metadata"] ?? {} },
    subject,
  );
  const problems = unknown.map((path) => `unknown field "${path}"`);
  if (fieldValidation === "Strict" && problems.length > 0) {
    throw badRequest(`${unreadable(type)}: strict decoding error: ${problems.join(", ")}`);
  }
  checkShape(outerShape, draft, type, subject);
  checkShape(type.schema, draft, type, subject);
  // Kind and version come first: a list states them once and cuts them from its items (see
  // listing.ts).
  return {
    draft: { kind: type.kind, apiVersion, ...draft } as unknown as KubeObject,
    warnings: fieldValidation === "Warn" ? problems : [],
  };
}

function checkKind(type: ResourceType, input: Record<string, unknown>, apiVersion: string): void {
  if ((input["kind"] ?? type.kind) !== type.kind) {
    throw badRequest(`the object is a ${String(input["kind"])}, but this path serves ${type.kind}`);
  }
  if ((input["apiVersion"] ?? apiVersion) !== apiVersion) {
    throw badRequest(
      `the API version in the data (${String(input["apiVersion"])}) does not match the expected API version (${apiVersion})`,
    );
  }
}

export function refuseInvalid(type: ResourceType, object: KubeObject, causes: StatusCause[]): void {
  if (causes.length === 0) return;
  const { group, resource } = type;
  throw invalid(type.kind, { group, resource, name: object.metadata.name }, causes);
}

function checkShape(
  shape: z.ZodType,
  draft: Record<string, unknown>,
  type: ResourceType,
  subject: Subject,
): void {
  const result = shape.safeParse(draft);
  if (result.success) return;
  const causes = result.error.issues.map((issue): StatusCause => {
    const field = fieldPath(issue.path);
    const value = valueAt(draft, issue.path);
    if (value === undefined) return required(field);
    if (issue.code === "invalid_type" || issue.code === "invalid_union") {
      throw badRequest(`${unreadable(type)}: ${field}: ${issue.message}`);
    }
    if (issue.message === "Required value") return required(field);
    if (issue.code === "invalid_value") return notSupported(field, value, issue.values.map(String));
    // The API reports labels as one field.
    if (issue.path[1] === "labels")
      return invalidField("metadata.labels", `Invalid value: ${issue.message}`);
    return invalidField(field, `Invalid value: ${JSON.stringify(value)}: ${issue.message}`);
  });
  throw invalid(type.kind, subject, causes);
}

function fieldPath(path: readonly PropertyKey[]): string {
  return path
    .map((part) => (typeof part === "number" ? `[${String(part)}]` : `.${String(part)}`))
    .join("")
    .replace(/^\./, "");
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let at: unknown = value;
  for (const part of path) {
    if (typeof at !== "object" || at === null) return undefined;
    at = (at as Record<PropertyKey, unknown>)[part];
  }
  return at;
}
