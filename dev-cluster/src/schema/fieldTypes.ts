import { readFileSync } from "node:fs";

/** The fields of every object type, generated from a real API server (see docs/dev-cluster.md). */
const TYPES = JSON.parse(
  readFileSync(new URL("fieldTypes.json", import.meta.url), "utf8"),
) as Readonly<Record<string, Readonly<Record<string, string>> | undefined>>;

/** The type of a field. */
export interface FieldType {
  /** The name of a scalar (string, integer, time, ...) or of an object type. */
  readonly name: string;
  readonly many: "one" | "list" | "map";
  /** For a list that strategic merge patches merge: the key of its elements, or empty for a set. */
  readonly mergeKey: string | undefined;
}

const parsed = new Map<string, FieldType>();

/** Undefined for a field that the type does not have. */
export function fieldType(type: string, field: string): FieldType | undefined {
  const fields = TYPES[type];
  const text = fields !== undefined && Object.hasOwn(fields, field) ? fields[field] : undefined;
  if (text === undefined) return undefined;
  let found = parsed.get(text);
  if (found === undefined) {
    found = parse(text);
    parsed.set(text, found);
  }
  return found;
}

export const isObjectType = (name: string): boolean => TYPES[name] !== undefined;

export const fieldsOf = (type: string): readonly string[] => Object.keys(TYPES[type] ?? {});

function parse(text: string): FieldType {
  const [type = "", mergeKey] = text.split("@");
  if (type.startsWith("[]")) return { name: type.slice(2), many: "list", mergeKey };
  if (type.startsWith("{}")) return { name: type.slice(2), many: "map", mergeKey };
  return { name: type, many: "one", mergeKey };
}
