import { z } from "zod";
import type { StatusCause, Subject } from "./statusError.ts";
import { badRequest, invalid } from "./statusError.ts";
import type { KubeObject } from "./kubeObject.ts";
import type { ResourceType } from "../resources/resourceType.ts";
import { apiVersionOf, required, wrong } from "../resources/resourceType.ts";
import { metadataShape } from "../resources/shapes.ts";

const outerShape = z.looseObject({ metadata: metadataShape });

/** A draft of what a client sent: ours to change, without nulls, of the right kind and shape. */
export function admit(type: ResourceType, input: unknown, subject: Subject): KubeObject {
  const draft = withoutNulls(input);
  if (!isRecord(draft)) throw badRequest("the body is no object");
  const apiVersion = apiVersionOf(type);
  if ((draft["kind"] ?? type.kind) !== type.kind) {
    throw badRequest(
      `the object is a ${String(draft["kind"])}, and this is the path of ${type.kind}`,
    );
  }
  if ((draft["apiVersion"] ?? apiVersion) !== apiVersion) {
    throw badRequest(
      `the API version in the data (${String(draft["apiVersion"])}) does not match the expected API version (${apiVersion})`,
    );
  }
  draft["metadata"] ??= {};
  checkShape(outerShape, draft, type, subject);
  checkShape(type.schema, draft, type, subject);
  return { ...draft, apiVersion, kind: type.kind } as unknown as KubeObject;
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
    const unreadable = issue.code === "custom" && issue.params?.["unreadable"] === true;
    if (unreadable || issue.code === "invalid_type" || issue.code === "invalid_union") {
      const what = `${type.kind} in version "${type.version}" cannot be handled as a ${type.kind}`;
      throw badRequest(`${what}: ${field}: ${issue.message}`);
    }
    if (issue.message === "Required value") return required(field);
    return wrong(field, `Invalid value: ${JSON.stringify(value)}: ${issue.message}`);
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

/** A copy in which what is null is absent, as the API means it. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isRecord(value)) return value;
  const copy: Record<string, unknown> = {};
  for (const [key, child] of Object.entries(value)) {
    if (child !== null) copy[key] = withoutNulls(child);
  }
  return copy;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
