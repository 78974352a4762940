import { readFileSync } from "node:fs";

/** Fields of every object type, by name: generated from a real API server (docs/dev-cluster.md says how). */
const TYPES = JSON.parse(
  readFileSync(new URL("fieldTypes.json", import.meta.url), "utf8"),
) as Readonly<Record<string, Readonly<Record<string, string>> | undefined>>;

/** What a field holds. */
export interface FieldType {
  /** A scalar's name (string, integer, time ...), or an object type's. */
  readonly name: string;
  readonly many: "one" | "list" | "map";
  /** Of a list that strategic merge patches merge: the key of its elements, or empty where it is a set. */
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
