import type { z } from "zod";

/**
 * Parses an answer and ignores fields that it does not know, also inside strict objects: a newer
 * server may send more. Anything else that does not fit is an error, given back as "path: message".
 */
export function lenientParse<Schema extends z.ZodType>(
  schema: Schema,
  data: unknown,
): { ok: true; value: z.output<Schema> } | { ok: false; where: string } {
  const first = schema.safeParse(data);
  if (first.success) return { ok: true, value: first.data };
  const copy = structuredClone(data);
  for (const issue of first.error.issues) {
    if (issue.code === "unrecognized_keys") dropKeys(copy, issue.path, issue.keys);
  }
  const second = schema.safeParse(copy);
  if (second.success) return { ok: true, value: second.data };
  const issue = second.error.issues[0];
  return { ok: false, where: issue ? `${issue.path.join(".")}: ${issue.message}` : "no reason" };
}

function dropKeys(root: unknown, path: readonly PropertyKey[], keys: readonly string[]): void {
  let target: unknown = root;
  for (const step of path) {
    if (typeof target !== "object" || target === null) return;
    target = (target as Record<PropertyKey, unknown>)[step];
  }
  if (typeof target !== "object" || target === null) return;
  for (const key of keys) Reflect.deleteProperty(target, key);
}
