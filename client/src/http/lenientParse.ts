import type { z } from "zod";

type Path = readonly PropertyKey[];
type Issue = z.core.$ZodIssue;

const MAX_PASSES = 4;
const STRICT_FIELDS: readonly PropertyKey[] = ["state", "kind"];

/**
 * Parses a response of a server of another version. Ignores unknown fields, even in strict objects,
 * and unknown variants in lists. Treats a missing list as empty and, with `openEnums`, keeps an
 * unknown word as it is. A `state` or `kind` stays strict, because behaviour depends on it. Any
 * other mismatch is an error, returned as "path: message".
 */
export function lenientParse<Schema extends z.ZodType>(
  schema: Schema,
  data: unknown,
  options: { readonly openEnums: boolean } = { openEnums: true },
): { ok: true; value: z.output<Schema> } | { ok: false; where: string } {
  const unknownValues: { readonly path: Path; readonly word: string }[] = [];
  let copy = data;
  for (let pass = 0; ; pass += 1) {
    const parsed = schema.safeParse(copy);
    if (parsed.success) {
      for (const { path, word } of unknownValues) setAt(parsed.data, path, word);
      return { ok: true, value: parsed.data };
    }
    const { issues } = parsed.error;
    if (pass === 0) copy = structuredClone(data);
    if (pass === MAX_PASSES || !correct(copy, issues, unknownValues, options)) {
      const [issue] = issues;
      return {
        ok: false,
        where: issue ? `${issue.path.join(".")}: ${issue.message}` : "no reason",
      };
    }
  }
}

/**
 * Corrects the values in `root` that the issues name. Returns false if nothing could be corrected.
 */
function correct(
  root: unknown,
  issues: readonly Issue[],
  unknownValues: { readonly path: Path; readonly word: string }[],
  options: { readonly openEnums: boolean },
): boolean {
  // Removals come alone and from the end, because they shift the indexes of other issues.
  const unknownVariants = issues.filter((issue) => isUnknownVariant(root, issue));
  for (const issue of unknownVariants.toReversed()) {
    const path = variantPath(issue);
    (getAt(root, path.slice(0, -1)) as unknown[]).splice(Number(path.at(-1)), 1);
  }
  if (unknownVariants.length > 0) return true;
  let corrected = false;
  for (const issue of issues) {
    const value = getAt(root, issue.path);
    if (issue.code === "unrecognized_keys") {
      for (const key of issue.keys) Reflect.deleteProperty(value as object, key);
      corrected = true;
    } else if (issue.code === "invalid_type" && issue.expected === "array") {
      if (value !== undefined) continue;
      setAt(root, issue.path, []);
      corrected = true;
    } else if (issue.code === "invalid_value" && options.openEnums) {
      if (typeof value !== "string" || isStrict(issue.path)) continue;
      unknownValues.push({ path: issue.path, word: value });
      setAt(root, issue.path, issue.values[0]);
      corrected = true;
    }
  }
  return corrected;
}

function isUnknownVariant(root: unknown, issue: Issue): boolean {
  return (
    issue.code === "invalid_union" &&
    issue.errors.length === 0 &&
    Array.isArray(getAt(root, variantPath(issue).slice(0, -1)))
  );
}

function isStrict(path: Path): boolean {
  return STRICT_FIELDS.includes(path.at(-1) ?? "");
}

/** The issue of an unknown variant has the path of its discriminator. */
function variantPath(issue: Issue): Path {
  return issue.path.slice(0, -1);
}

function getAt(root: unknown, path: Path): unknown {
  let target = root;
  for (const step of path) {
    if (typeof target !== "object" || target === null) return undefined;
    target = (target as Record<PropertyKey, unknown>)[step];
  }
  return target;
}

function setAt(root: unknown, path: Path, value: unknown): void {
  const parent = getAt(root, path.slice(0, -1));
  const key = path.at(-1);
  if (typeof parent !== "object" || parent === null || key === undefined) return;
  (parent as Record<PropertyKey, unknown>)[key] = value;
}
