import type { RawResponse } from "../support/rawApi.ts";

/** What each server makes up for itself, and who wrote what when, which dev-cluster does not keep. */
const MADE_UP = new Set([
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
/** A name that a server made of `made-`. */
const MADE_NAME = /^made-[a-z0-9]{5}$/;

/**
 * An answer without what may differ: what is made up, what is null, and the words of errors, which dev-cluster writes for
 * people. Status codes, reasons, details, warnings, and which fields are wrong and why, must be the same.
 */
export function normalized({ status, headers, body }: RawResponse): Fields {
  const told = { status, warnings: headers.warning, retryAfter: headers["retry-after"] };
  if (!isRecord(body)) return { ...told, body: value(body) };
  if (body["kind"] === "Status") return { ...told, body: error(body) };
  // Nobody comes between an object's making and the answer.
  const own = status === 201 ? body : withoutControlled(String(body["kind"]), body);
  return { ...told, body: value(own) };
}

type Fields = Record<string, unknown>;

function error(body: Fields): unknown {
  const { details, ...rest } = body;
  const { causes, ...subject } = (details ?? {}) as { causes?: Cause[] };
  // A custom kind's validation adds one of no field, and a pod is validated twice.
  const told = (causes ?? []).filter(({ field }) => field !== "<nil>");
  const pairs = [...new Set(told.map(({ field = "", reason }) => `${field} ${reason}`))].sort();
  // An empty list of details says as much as none.
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
    const kept = Object.entries(input).filter(([key, each]) => !MADE_UP.has(key) && each !== null);
    return Object.fromEntries(kept.map(([key, each]) => [key, value(each)]));
  }
  if (typeof input !== "string") return input;
  if (TIME.test(input)) return "a time";
  if (ADDRESS.test(input)) return "an address";
  if (MADE_NAME.test(input)) return "a made name";
  return UID.test(input) ? "a uid" : input;
}

/** Without what the real server's controllers write, whenever they come to it. */
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
