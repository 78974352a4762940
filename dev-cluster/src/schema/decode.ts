import { isRecord } from "../kube/kubeObject.ts";
import { badRequest, invalid, type Subject } from "../kube/statusError.ts";
import { parseQuantity } from "../kube/quantity.ts";
import { fieldType, isObjectType, type FieldType } from "./fieldTypes.ts";

/** The part of a kind that decoding depends on. */
export interface DecodedKind {
  readonly kind: string;
  readonly version: string;
  /** Defined by a CustomResourceDefinition. */
  readonly custom?: boolean;
}

export interface Decoded {
  /** A copy with known fields only, and without nulls. */
  readonly object: Record<string, unknown>;
  /** Paths of fields that are dropped because the kind does not have them. */
  readonly unknown: readonly string[];
}

/**
 * Reads an object as the API server's decoder does: unknown fields are dropped, null means absent,
 * and a value of a wrong type makes the whole object unreadable (400), before any validation. For a
 * custom kind such a value is invalid (422).
 */
export function decode(
  type: DecodedKind,
  input: Record<string, unknown>,
  subject: Subject,
): Decoded {
  const unknown: string[] = [];
  const refuse = (path: string, expected: string, value: unknown): never => {
    const message = `must be ${expected}, not ${typeName(value)}`;
    if (type.custom !== true) throw badRequest(`${unreadable(type)}: ${path} ${message}`);
    const cause = { reason: "FieldValueTypeInvalid", field: path, message };
    throw invalid(type.kind, subject, [cause]);
  };
  const object = decodeObject(type.kind, input, "", { unknown, refuse });
  return { object, unknown };
}

export const unreadable = ({ kind, version }: DecodedKind): string =>
  `${kind} in version "${version}" cannot be handled as a ${kind}`;

interface Reading {
  readonly unknown: string[];
  readonly refuse: (path: string, expected: string, value: unknown) => never;
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
    : reading.refuse(path, scalar.expected, value);
}

interface Scalar {
  readonly expected: string;
  reads(value: unknown): boolean;
  /** The stored form, if it differs from the sent form. */
  as?(value: unknown): unknown;
}

const isString = (value: unknown): value is string => typeof value === "string";
const isTime = (value: unknown): boolean =>
  isString(value) && /^\d{4}-\d\d-\d\dT/.test(value) && !Number.isNaN(Date.parse(value));
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

const SCALARS: Readonly<Record<string, Scalar | undefined>> = {
  string: { expected: "a string", reads: isString },
  boolean: { expected: "true or false", reads: (value) => typeof value === "boolean" },
  integer: { expected: "a whole number", reads: (value) => Number.isSafeInteger(value) },
  number: { expected: "a number", reads: (value) => typeof value === "number" },
  bytes: { expected: "base64", reads: (value) => isString(value) && BASE64.test(value) },
  time: { expected: "a time such as 2026-01-31T12:00:00Z", reads: isTime },
  microTime: { expected: "a time such as 2026-01-31T12:00:00.000000Z", reads: isTime },
  intOrString: {
    expected: "a whole number or a string",
    reads: (value) => isString(value) || Number.isSafeInteger(value),
  },
  quantity: {
    expected: "a quantity such as 500m or 2Gi",
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

function typeName(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  return value === null ? "null" : isRecord(value) ? "an object" : JSON.stringify(value);
}
