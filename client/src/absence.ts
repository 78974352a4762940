import * as z from "zod";

/**
 * On the wire and in files an absent value is `null`; in code it is `undefined`. These functions
 * convert between the two, and are used only where data enters or leaves the program.
 */
export type WithoutNull<T> = T extends null
  ? undefined
  : T extends string | number | boolean
    ? T
    : { [Key in keyof T]: WithoutNull<T[Key]> };

/** Fields whose content belongs to the server: `data` of an event. */
const FREE_FORM_FIELDS: readonly string[] = ["data"];

/** A copy of a parsed response in which absent values are `undefined`. Keys are kept. */
export function withoutNull<T>(value: T): WithoutNull<T> {
  return convert(value) as WithoutNull<T>;
}

function convert(value: unknown): unknown {
  if (value === null) return undefined;
  if (Array.isArray(value)) return value.map(convert);
  if (typeof value !== "object") return value;
  const entries = Object.entries(value).map(([key, field]: [string, unknown]) => [
    key,
    FREE_FORM_FIELDS.includes(key) ? field : convert(field),
  ]);
  return Object.fromEntries(entries) as unknown;
}

/** The value as indented JSON, as the server sends it: absent values are `null`. */
export function wireJson(value: unknown): string {
  return JSON.stringify(value, (_key, field: unknown) => (field === undefined ? null : field), 2);
}

/** A string field that is stored as `null` if it is absent. */
export function nullInFile(schema: z.ZodString) {
  return z.codec(schema.nullable(), z.union([schema, z.undefined()]), {
    decode: (stored) => stored ?? undefined,
    encode: (value) => value ?? null,
  });
}
