import type { ObjectOperations } from "../objects/objectOperations.ts";
import { fieldMatcher, labelMatcher, type Matcher } from "../kube/selectors.ts";
import { badRequest, expired } from "../kube/statusError.ts";
import { apiVersionOf, storageKey } from "../resources/resourceType.ts";
import { keyOf, type ObjectStore, type StoredObject } from "../store/objectStore.ts";
import type { RequestTarget } from "./requestTarget.ts";
import { tableOf } from "./tables.ts";

/** Matches the objects of the requested collection, or the requested object. */
export function matcherOf(target: RequestTarget, query: URLSearchParams): Matcher {
  const labels = labelMatcher(query.get("labelSelector") ?? "");
  const fields = fieldMatcher(target.type, query.get("fieldSelector") ?? "");
  const { name, namespace } = target;
  return (object) =>
    (name === undefined || object.metadata.name === name) &&
    (namespace === undefined || object.metadata.namespace === namespace) &&
    labels(object.metadata.labels) &&
    fields(object);
}

/**
 * The list as text. Later pages carry the resource version of the first page: a watch from there
 * replays every change between the pages, so a client misses nothing although the pages are not one
 * snapshot.
 */
export function listText(
  { store, clock }: Pick<ObjectOperations, "store" | "clock">,
  target: RequestTarget,
  query: URLSearchParams,
  asTable: boolean,
): string {
  const { type, namespace } = target;
  const matches = matcherOf(target, query);
  const page = pageOf(store, query);
  const found = store
    .list(storageKey(type), namespace)
    .filter(({ object }) => page.after === undefined || keyOfStored(object) > page.after)
    .filter(({ object }) => matches(object));
  const items = page.limit === 0 ? found : found.slice(0, page.limit);
  const last = items.at(-1);
  const remaining = found.length - items.length;
  const metadata = {
    resourceVersion: String(page.revision),
    ...(remaining > 0 && last !== undefined
      ? {
          continue: encodeToken(page.revision, keyOfStored(last.object)),
          // For a selection, a real server does not count the remaining items.
          ...(selects(query) ? {} : { remainingItemCount: remaining }),
        }
      : {}),
  };
  if (asTable) {
    const objects = items.map(({ object }) => object);
    return JSON.stringify(tableOf(type, objects, metadata, clock));
  }
  return listOf(type, metadata, items);
}

const selects = (query: URLSearchParams): boolean =>
  ["labelSelector", "fieldSelector"].some((name) => (query.get(name) ?? "") !== "");

export function listOf(
  type: RequestTarget["type"],
  metadata: object,
  items: readonly StoredObject[],
): string {
  return (
    `{"kind":"${type.kind}List","apiVersion":"${apiVersionOf(type)}",` +
    `"metadata":${JSON.stringify(metadata)},"items":[${items.map((each) => withoutType(type, each.json)).join(",")}]}`
  );
}

/** Items of a list omit kind and version, which the list states. */
function withoutType(type: RequestTarget["type"], json: string): string {
  const head = `{"kind":"${type.kind}","apiVersion":"${apiVersionOf(type)}",`;
  return json.startsWith(head) ? `{${json.slice(head.length)}` : json;
}

interface Page {
  readonly limit: number;
  readonly revision: number;
  /** The key of the last object of the previous page. */
  readonly after: string | undefined;
}

function pageOf(store: ObjectStore, query: URLSearchParams): Page {
  const limit = Number(query.get("limit") ?? "0");
  if (!Number.isInteger(limit) || limit < 0) throw badRequest("limit is not a number");
  const token = query.get("continue") ?? "";
  if (token === "") return { limit, revision: store.revision, after: undefined };
  const { revision, after } = decodeToken(token);
  if (revision < store.compactedRevision || revision > store.revision) {
    throw expired(
      "The provided continue parameter is too old to display a consistent list result. You must start a new list without the continue parameter.",
    );
  }
  return { limit, revision, after };
}

const keyOfStored = ({ metadata }: StoredObject["object"]) =>
  keyOf(metadata.namespace, metadata.name);

function encodeToken(revision: number, after: string): string {
  return Buffer.from(JSON.stringify({ revision, after })).toString("base64url");
}

function decodeToken(token: string): { revision: number; after: string } {
  try {
    const decoded = JSON.parse(Buffer.from(token, "base64url").toString("utf8")) as {
      revision: unknown;
      after: unknown;
    };
    if (typeof decoded.revision === "number" && typeof decoded.after === "string") {
      return { revision: decoded.revision, after: decoded.after };
    }
  } catch {
    // Refused below, like a readable token that this server did not issue.
  }
  throw badRequest("continue key is not valid");
}
