import { ID_PATTERN } from "@gpu-dev/shared/ids.ts";
import { Refusal } from "./refusal.ts";

/**
 * The position of an event. Serial ids commit out of order, so it is (transaction, id), and a
 * reader stops where an older transaction can still add events: at `pg_snapshot_xmin`.
 */
export interface EventCursor {
  /** A 64-bit transaction id, which a number cannot hold exactly. */
  readonly xid: string;
  readonly id: number;
}

/** Parses the cursor that a client sends; "unknown" when it is not valid. */
export function parseEventCursor(text: string): EventCursor | "unknown" {
  const [, xid = "", id = ""] = /^(\d+)-(\d+)$/.exec(text) ?? [];
  const isKnown = CURSOR_PARTS.transactionId(xid) && CURSOR_PARTS.rowId(id);
  return isKnown ? { xid, id: Number(id) } : "unknown";
}

const MAX_TRANSACTION_ID = 2n ** 64n - 1n;

function isTransactionId(text: string): boolean {
  return /^\d{1,20}$/.test(text) && BigInt(text) <= MAX_TRANSACTION_ID;
}

export function formatEventCursor({ xid, id }: EventCursor): string {
  return `${xid}-${String(id)}`;
}

export function isAfter(a: EventCursor, b: EventCursor): boolean {
  const [ax, bx] = [BigInt(a.xid), BigInt(b.xid)];
  return ax === bx ? a.id > b.id : ax > bx;
}

export interface Page<Item> {
  readonly items: readonly Item[];
  readonly nextCursor: string | undefined;
}

/** The start of the next page of a list. Opaque to clients, so its format may change. */
export function encodeCursor(parts: readonly string[]): string {
  return Buffer.from(parts.join(" ")).toString("base64url");
}

/** The values that cursors consist of. Each check admits exactly what the database can compare. */
export const CURSOR_PARTS = {
  instant: (text: string) => {
    const at = new Date(text);
    return !Number.isNaN(at.getTime()) && at.toISOString() === text;
  },
  entityId: (text: string) => ID_PATTERN.test(text),
  /** A number of a `bigint` column that a JavaScript number holds exactly. */
  rowId: (text: string) => /^\d{1,16}$/.test(text) && Number.isSafeInteger(Number(text)),
  transactionId: isTransactionId,
} as const;

/** @throws Refusal when the text is not a cursor of this list */
export function decodeCursor(
  cursor: string,
  checks: readonly ((part: string) => boolean)[],
): string[] {
  const parts = Buffer.from(cursor, "base64url").toString("latin1").split(" ");
  if (
    encodeCursor(parts) !== cursor ||
    parts.length !== checks.length ||
    !checks.every((isValid, i) => isValid(parts[i] ?? ""))
  ) {
    throw new Refusal(
      "invalid_request",
      "Invalid cursor. Read the list again from the beginning.",
      {
        errors: [{ path: "query.cursor", message: "not a cursor of this list" }],
      },
    );
  }
  return parts;
}

/** The first `limit` of `limit + 1` rows; the extra row shows that there is a next page. */
export function pageOf<Item>(
  found: readonly Item[],
  limit: number,
  partsOf: (last: Item) => readonly string[],
): Page<Item> {
  const items = found.slice(0, limit);
  const last = items.at(-1);
  const hasMore = found.length > limit && last !== undefined;
  return { items, nextCursor: hasMore ? encodeCursor(partsOf(last)) : undefined };
}
