import type { Answer } from "../support/rawApi.ts";

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

/**
 * An answer without what may differ: what is made up, what is null, and the words of errors, which dev-cluster writes for
 * people. Status codes, reasons, and which fields are wrong and why, must be the same.
 */
export function normalized({ status, body }: Answer): unknown {
  return { status, body: isRecord(body) && body["kind"] === "Status" ? error(body) : value(body) };
}

function error(body: Record<string, unknown>): unknown {
  const { details, ...rest } = body;
  const { causes = [], name } = (details ?? {}) as { causes?: Cause[]; name?: string };
  // A custom kind's validation adds one of no field, and a pod is validated twice.
  const told = causes.filter(({ field }) => field !== "<nil>");
  const pairs = [...new Set(told.map(({ field, reason }) => `${field} ${reason}`))].sort();
  return { ...(value(rest) as object), name, causes: pairs };
}

interface Cause {
  readonly field: string;
  readonly reason: string;
}

function value(input: unknown): unknown {
  if (Array.isArray(input)) return input.map(value);
  if (isRecord(input)) {
    // A node's annotations are written by controllers, whenever they come to it.
    const { kind, metadata } = input;
    if (kind === "Node" && isRecord(metadata) && isRecord(metadata["annotations"])) {
      return value({ ...input, metadata: { ...metadata, annotations: null } });
    }
    const kept = Object.entries(input).filter(([key, each]) => !MADE_UP.has(key) && each !== null);
    return Object.fromEntries(kept.map(([key, each]) => [key, value(each)]));
  }
  if (typeof input !== "string") return input;
  if (TIME.test(input)) return "a time";
  if (ADDRESS.test(input)) return "an address";
  return UID.test(input) ? "a uid" : input;
}

function isRecord(input: unknown): input is Record<string, unknown> {
  return typeof input === "object" && input !== null && !Array.isArray(input);
}
