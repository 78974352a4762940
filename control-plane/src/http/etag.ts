import { createHash } from "node:crypto";

/**
 * Weak, because it tells the content, not its bytes. The generation leads where there is one; the hash is needed
 * beside it, as a place in the queue moves without the reservation changing.
 */
export function etagOf(body: unknown, serialized: string): string {
  const hash = createHash("sha256").update(serialized).digest("base64url").slice(0, 16);
  const generation = (body as { generation?: unknown } | null)?.generation;
  return typeof generation === "number" ? `W/"${String(generation)}-${hash}"` : `W/"${hash}"`;
}

/** Whether the client has what it asks for already. */
export function matchesEtag(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  if (ifNoneMatch.trim() === "*") return true;
  const opaque = (tag: string): string => tag.trim().replace(/^W\//, "");
  return ifNoneMatch.split(",").map(opaque).includes(opaque(etag));
}
