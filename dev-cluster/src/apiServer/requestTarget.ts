import { findType } from "../resources/registry.ts";
import type { ResourceType, Subresource } from "../resources/resourceType.ts";
import { noSuchPath } from "../kube/statusError.ts";

/** The kind, object and subresource that a request addresses. */
export interface RequestTarget {
  readonly type: ResourceType;
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
  readonly subresource?: Subresource | undefined;
}

/** Parses a path below /api or /apis; throws 404 for a path that is not served. */
export function parseTarget(pathname: string): RequestTarget {
  const parts = pathname.split("/").slice(1).map(decode);
  const [root, first = "", second = ""] = parts;
  const [group, version, rest] =
    root === "api" ? ["", first, parts.slice(2)] : [first, second, parts.slice(3)];
  if (rest[0] === "namespaces" && rest.length >= 3 && !isNamespaceSubresource(rest)) {
    const [, namespace, resource = "", name, subresource, ...more] = rest;
    return targetOf(findType(group, version, resource), { namespace, name, subresource, more });
  }
  const [resource = "", name, subresource, ...more] = rest;
  return targetOf(findType(group, version, resource), { name, subresource, more });
}

interface Rest {
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
  readonly subresource?: string | undefined;
  readonly more: string[];
}

function targetOf(type: ResourceType | undefined, rest: Rest): RequestTarget {
  const { namespace, name, subresource, more } = rest;
  if (type === undefined || more.length > 0 || name === "") throw noSuchPath();
  if (namespace !== undefined && !type.namespaced) throw noSuchPath();
  if (namespace === undefined && type.namespaced && name !== undefined) throw noSuchPath();
  if (subresource === undefined) return { type, namespace, name };
  const known = type.subresources.find((each) => each === subresource);
  if (known === undefined) throw noSuchPath();
  return { type, namespace, name, subresource: known };
}

/** /api/v1/namespaces/x/status addresses the namespace, not a kind in it. */
function isNamespaceSubresource(rest: string[]): boolean {
  return rest.length === 3 && (rest[2] === "status" || rest[2] === "finalize");
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw noSuchPath();
  }
}
