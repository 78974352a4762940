import type { KubeObject } from "./kubeObject.ts";
import { badRequest } from "./statusError.ts";

export type Matcher = (object: KubeObject) => boolean;

/** The part of a kind that field selectors depend on. */
export interface SelectableKind {
  readonly namespaced: boolean;
  /** Selectable paths, each with the value of an absent field. */
  readonly fields?: Readonly<Record<string, string>>;
}

type Labels = Record<string, string> | undefined;

const REQUIREMENT =
  /^\s*(?:(?<not>!)\s*(?<absent>[^\s!=,()]+)|(?<setKey>[^\s!=,()]+)\s+(?<operator>in|notin)\s*\((?<values>[^()]*)\)|(?<key>[^\s!=,()]+)\s*(?<equality>==|=|!=)\s*(?<value>[^\s!=,()]*)|(?<present>[^\s!=,()]+))\s*$/;

/** Parses a label selector such as `a=b,c in (d,e),!f`; throws 400 if it is invalid. */
export function labelMatcher(selector: string): (labels: Labels) => boolean {
  const parts = selector.split(/,(?![^(]*\))/).filter((part) => part.trim() !== "");
  const checks = parts.map((part) => {
    const groups = REQUIREMENT.exec(part)?.groups;
    if (groups === undefined) {
      throw badRequest(`unable to parse requirement: "${part}" is not a label requirement`);
    }
    return labelCheck(groups);
  });
  return (labels) => checks.every((check) => check(labels));
}

function labelCheck(groups: Record<string, string | undefined>): (labels: Labels) => boolean {
  const { absent, present, setKey, operator, values = "", key = "", equality, value } = groups;
  if (absent !== undefined) return (labels) => labels?.[absent] === undefined;
  if (present !== undefined) return (labels) => labels?.[present] !== undefined;
  if (setKey !== undefined) {
    const set = new Set(values.split(",").map((each) => each.trim()));
    return operator === "in"
      ? (labels) => labels?.[setKey] !== undefined && set.has(labels[setKey])
      : (labels) => labels?.[setKey] === undefined || !set.has(labels[setKey]);
  }
  return equality === "!="
    ? (labels) => labels?.[key] !== value
    : (labels) => labels?.[key] === value;
}

/**
 * Parses a field selector such as `status.phase!=Failed`; throws 400 for a field that the kind does
 * not offer.
 */
export function fieldMatcher(kind: SelectableKind, selector: string): Matcher {
  const fields = selectableFields(kind);
  const checks = selector
    .split(",")
    .filter((part) => part.trim() !== "")
    .map((part): Matcher => {
      const match = /^\s*([^!=\s]+)\s*(==|=|!=)\s*(.*?)\s*$/.exec(part);
      if (match === null) throw badRequest(`invalid field selector: "${part}"`);
      const [, field = "", operator, value = ""] = match;
      const absent = fields[field];
      // Checked here and not at the first object: a watch matches during a write, too late for an
      // error response.
      if (absent === undefined) throw badRequest(`field label not supported: ${field}`);
      const path = field.split(".");
      return (object) => (fieldValue(object, path, absent) === value) === (operator !== "!=");
    });
  return (object) => checks.every((check) => check(object));
}

function selectableFields({ fields, namespaced }: SelectableKind): Record<string, string> {
  const common = { "metadata.name": "", ...(namespaced ? { "metadata.namespace": "" } : {}) };
  return { ...fields, ...common };
}

function fieldValue(object: KubeObject, path: readonly string[], absent: string): string {
  let at: unknown = object;
  for (const part of path) at = (at as Record<string, unknown> | undefined)?.[part];
  return typeof at === "string" || typeof at === "boolean" ? String(at) : absent;
}

export interface LabelSelector {
  matchLabels?: Record<string, string>;
  matchExpressions?: { key: string; operator: string; values?: string[] }[];
}

/** Whether a selector inside an object, such as a disruption budget's, selects these labels. */
export function selects(selector: LabelSelector | undefined, labels: Labels): boolean {
  if (selector === undefined) return false;
  const equal = Object.entries(selector.matchLabels ?? {}).every(
    ([key, value]) => labels?.[key] === value,
  );
  return (
    equal &&
    (selector.matchExpressions ?? []).every(({ key, operator, values = [] }) => {
      const value = labels?.[key];
      if (operator === "Exists") return value !== undefined;
      if (operator === "DoesNotExist") return value === undefined;
      const isIn = value !== undefined && values.includes(value);
      return operator === "In" ? isIn : !isIn;
    })
  );
}
