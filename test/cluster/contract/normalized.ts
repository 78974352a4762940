import type { RawResponse } from "../support/rawApi.ts";

/** Fields that each server generates, and managed fields, which dev-cluster does not store. */
const GENERATED = new Set([
  "message",
  "uid",
  "resourceVersion",
  "creationTimestamp",
  "managedFields",
  "continue",
]);
const TIME = /^\d{4}-\d\d-\d\dT/;
const ADDRESS = /^10\.\d+\.\d+\.\d+$/;
const UID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
/** A name that a server generated from `made-`. */
const GENERATED_NAME = /^made-[a-z0-9]{5}$/;

/**
 * A response without what may differ: generated values, nulls, and error messages, which
 * dev-cluster words differently. Status codes, reasons, details, warnings, and the invalid fields
 * with their reasons must be equal.
 */
export function normalized({ status, headers, body }: RawResponse): Fields {
  const common = { status, warnings: headers.warning, retryAfter: headers["retry-after"] };
  if (!isRecord(body)) return { ...common, body: value(body) };
  if (body["kind"] === "Status") return { ...common, body: error(body) };
  // No controller writes to an object between its creation and the response.
  const own = status === 201 ? body : withoutControlled(String(body["kind"]), body);
  return { ...common, body: value(own) };
}

type Fields = Record<string, unknown>;

function error(body: Fields): unknown {
  const { details, ...rest } = body;
  const { causes, ...subject } = (details ?? {}) as { causes?: Cause[] };
  // Validation of a custom kind adds a cause without a field, and a pod is validated twice.
  const real = (causes ?? []).filter(({ field }) => field !== "<nil>");
  const pairs = [...new Set(real.map(({ field = "", reason }) => `${field} ${reason}`))].sort();
  // An empty list of causes is equal to an absent one.
  return { ...(value(rest) as object), details: value(subject), causes: pairs };
}

interface Cause {
  readonly field?: string;
  readonly reason: string;
}

function value(input: unknown): unknown {
  if (Array.isArray(input)) return input.map(value);
  if (isRecord(input)) {
    const { kind, items } = input;
    if (Array.isArray(items)) {
      const of = String(kind).replace("List", "");
      const each = items.map((item) => withoutControlled(of, item as Fields));
      return value({ ...input, items: null, of: each });
    }
    const compared = Object.entries(input).filter(
      ([key, each]) => !GENERATED.has(key) && each !== null,
    );
    return Object.fromEntries(compared.map(([key, each]) => [key, value(each)]));
  }
  if (typeof input !== "string") return input;
  if (TIME.test(input)) return "a time";
  if (ADDRESS.test(input)) return "an address";
  if (GENERATED_NAME.test(input)) return "a generated name";
  return UID.test(input) ? "a uid" : input;
}

/** Removes what the real server's controllers write at any time. */
function withoutControlled(kind: string, object: Fields): Fields {
  if (kind === "Job" || kind === "PodDisruptionBudget") return { ...object, status: null };
  if (kind !== "Node") return object;
  const { metadata, spec } = object as { metadata?: Fields; spec?: { taints?: { key: string }[] } };
  const taints = (spec?.taints ?? []).filter(({ key }) => !key.startsWith("node.kubernetes.io/"));
  return {
    ...object,
    metadata: { ...metadata, annotations: null },
    spec: { ...spec, taints: taints.length === 0 ? null : taints },
  };
}

function isRecord(input: unknown): input is Fields {
  return typeof input === "object" && input !== null && !Array.isArray(input);
}
