import type { ResourceType } from "../resources/resourceType.ts";
import type { KubeObject } from "./kubeObject.ts";
import { badRequest } from "./statusError.ts";

export type Matcher = (object: KubeObject) => boolean;

type Labels = Record<string, string> | undefined;

const REQUIREMENT =
  /^\s*(?:(?<not>!)\s*(?<absent>[^\s!=,()]+)|(?<setKey>[^\s!=,()]+)\s+(?<operator>in|notin)\s*\((?<values>[^()]*)\)|(?<key>[^\s!=,()]+)\s*(?<equality>==|=|!=)\s*(?<value>[^\s!=,()]*)|(?<present>[^\s!=,()]+))\s*$/;

/** What a label selector such as `a=b,c in (d,e),!f` asks for; throws 400 when it is none. */
export function labelMatcher(selector: string): (labels: Labels) => boolean {
  const parts = selector.split(/,(?![^(]*\))/).filter((part) => part.trim() !== "");
  const checks = parts.map((part) => {
    const groups = REQUIREMENT.exec(part)?.groups;
    if (groups === undefined) {
      throw badRequest(`unable to parse requirement: "${part}" is no label requirement`);
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

/** What a field selector such as `status.phase!=Failed` asks for; throws 400 on a field that the kind can't select by. */
export function fieldMatcher(type: ResourceType, selector: string): Matcher {
  const fields = selectableFields(type);
  const checks = selector
    .split(",")
    .filter((part) => part.trim() !== "")
    .map((part): Matcher => {
      const match = /^\s*([^!=\s]+)\s*(==|=|!=)\s*(.*?)\s*$/.exec(part);
      if (match === null) throw badRequest(`invalid field selector: "${part}"`);
      const [, field = "", operator, value = ""] = match;
      const absent = fields[field];
      // Here and not at the first object: a watch matches inside a write, whose client can't be told.
      if (absent === undefined) throw badRequest(`field label not supported: ${field}`);
      const path = field.split(".");
      return (object) => (fieldValue(object, path, absent) === value) === (operator !== "!=");
    });
  return (object) => checks.every((check) => check(object));
}

function selectableFields({ fields, namespaced }: ResourceType): Record<string, string> {
  const ofAll = { "metadata.name": "", ...(namespaced ? { "metadata.namespace": "" } : {}) };
  return { ...fields, ...ofAll };
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

/** Whether a selector that lies in an object, such as a disruption budget's, picks these labels. */
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
