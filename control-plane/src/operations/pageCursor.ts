import { Refusal } from "../domain/refusal.ts";

export interface Page<Item> {
  readonly items: readonly Item[];
  readonly nextCursor: string | null;
}

/** Where the next page goes on. Opaque to clients, so that it may change. */
export function encodeCursor(parts: readonly string[]): string {
  return Buffer.from(parts.join(" ")).toString("base64url");
}

/** @throws Refusal when the text is no cursor of ours */
export function decodeCursor(cursor: string, patterns: readonly RegExp[]): string[] {
  const parts = Buffer.from(cursor, "base64url").toString("latin1").split(" ");
  if (
    parts.length !== patterns.length ||
    !patterns.every((pattern, i) => pattern.test(parts[i] ?? ""))
  ) {
    throw new Refusal(
      "invalid_request",
      "The cursor is none that this server gave. Read the list from its beginning.",
      { errors: [{ path: "query.cursor", message: "not a cursor of this server" }] },
    );
  }
  return parts;
}
