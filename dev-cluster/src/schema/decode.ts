import { badRequest, invalid, type Subject } from "../kube/statusError.ts";
import { parseQuantity } from "../resources/quantity.ts";
import type { ResourceType } from "../resources/resourceType.ts";
import { fieldType, isObjectType, type FieldType } from "./fieldTypes.ts";

export interface Decoded {
  /** A copy with known fields alone, and without nulls. */
  readonly object: Record<string, unknown>;
  /** Paths of the fields that were left out because the kind does not have them. */
  readonly unknown: readonly string[];
}

/**
 * Reads an object as the API server's decoder does: what it has no field for is left out, what is null is absent, and a
 * value of another type makes the whole unreadable (400), before anything is validated. Of a custom kind it is invalid (422).
 */
export function decode(
  type: Pick<ResourceType, "kind" | "version" | "custom">,
  input: Record<string, unknown>,
  subject: Subject,
): Decoded {
  const unknown: string[] = [];
  const refuse = (path: string, wanted: string, value: unknown): never => {
    const message = `takes ${wanted}, and not ${typeName(value)}`;
    if (type.custom !== true) throw badRequest(`${unreadable(type)}: ${path} ${message}`);
    const cause = { reason: "FieldValueTypeInvalid", field: path, message };
    throw invalid(type.kind, subject, [cause]);
  };
  const object = decodeObject(type.kind, input, "", { unknown, refuse });
  return { object, unknown };
}

export const unreadable = ({ kind, version }: Pick<ResourceType, "kind" | "version">): string =>
  `${kind} in version "${version}" cannot be handled as a ${kind}`;

interface Reading {
  readonly unknown: string[];
  readonly refuse: (path: string, wanted: string, value: unknown) => never;
}

function decodeObject(
  type: string,
  value: unknown,
  path: string,
  reading: Reading,
): Record<string, unknown> {
  if (!isRecord(value)) return reading.refuse(path, "an object", value);
  const copy: Record<string, unknown> = {};
  for (const [field, child] of Object.entries(value)) {
    const at = path === "" ? field : `${path}.${field}`;
    const known = fieldType(type, field);
    if (known === undefined) reading.unknown.push(at);
    else if (child !== null) copy[field] = decodeField(known, child, at, reading);
  }
  return copy;
}

function decodeField(type: FieldType, value: unknown, path: string, reading: Reading): unknown {
  switch (type.many) {
    case "one":
      return decodeOne(type.name, value, path, reading);
    case "list":
      if (!Array.isArray(value)) return reading.refuse(path, "a list", value);
      return value.map((each: unknown, index) =>
        decodeOne(type.name, each, `${path}[${String(index)}]`, reading),
      );
    case "map": {
      if (!isRecord(value)) return reading.refuse(path, "a map", value);
      const entries = Object.entries(value).filter(([, each]) => each !== null);
      return Object.fromEntries(
        entries.map(([key, each]) => [key, decodeOne(type.name, each, `${path}.${key}`, reading)]),
      );
    }
  }
}

function decodeOne(name: string, value: unknown, path: string, reading: Reading): unknown {
  if (isObjectType(name)) return decodeObject(name, value, path, reading);
  const scalar = SCALARS[name];
  if (scalar === undefined) return withoutNulls(value);
  return scalar.reads(value)
    ? (scalar.as?.(value) ?? value)
    : reading.refuse(path, scalar.is, value);
}

interface Scalar {
  readonly is: string;
  reads(value: unknown): boolean;
  /** How it is written back, where that is not as it came. */
  as?(value: unknown): unknown;
}

const isString = (value: unknown): value is string => typeof value === "string";
const isTime = (value: unknown): boolean =>
  isString(value) && /^\d{4}-\d\d-\d\dT/.test(value) && !Number.isNaN(Date.parse(value));
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

const SCALARS: Readonly<Record<string, Scalar | undefined>> = {
  string: { is: "a string", reads: isString },
  boolean: { is: "true or false", reads: (value) => typeof value === "boolean" },
  integer: { is: "a whole number", reads: (value) => Number.isSafeInteger(value) },
  number: { is: "a number", reads: (value) => typeof value === "number" },
  bytes: { is: "base64", reads: (value) => isString(value) && BASE64.test(value) },
  time: { is: "a time such as 2026-01-31T12:00:00Z", reads: isTime },
  microTime: { is: "a time such as 2026-01-31T12:00:00.000000Z", reads: isTime },
  intOrString: {
    is: "a whole number or a string",
    reads: (value) => isString(value) || Number.isSafeInteger(value),
  },
  quantity: {
    is: "a quantity such as 500m or 2Gi",
    reads: (value) => parseQuantity(value as string | number) !== undefined,
    as: String,
  },
};

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isRecord(value)) return value;
  const entries = Object.entries(value).filter(([, child]) => child !== null);
  return Object.fromEntries(entries.map(([key, child]) => [key, withoutNulls(child)]));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function typeName(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  return value === null ? "null" : isRecord(value) ? "an object" : JSON.stringify(value);
}
