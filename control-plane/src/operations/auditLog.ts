import { insertAudit, listAudit, type AuditRow } from "../store/audit.ts";
import type { Queryable } from "../store/database.ts";
import type { Clock } from "../platform/clock.ts";
import type { UserId } from "@gpu-dev/shared/ids.ts";
import { decodeCursor, encodeCursor, type Page } from "./pageCursor.ts";

export type { AuditRow };

/** Refusals written for one user in a minute; the rest are in the log. */
const PER_MINUTE = 20;

/** Writes refusals to the audit, so many a minute for each user: the table must not grow by what strangers send. */
export function createRefusalAudit({ db, clock }: { db: Queryable; clock: Clock }) {
  let minute = 0;
  let written = new Map<string, number>();
  return async (refused: {
    readonly userId: UserId | null;
    readonly action: string;
    readonly target: string | null;
    readonly requestId: string;
  }): Promise<void> => {
    const at = clock.now();
    const thisMinute = Math.floor(at.getTime() / 60_000);
    if (thisMinute !== minute) {
      minute = thisMinute;
      written = new Map();
    }
    const who = refused.userId ?? "";
    const count = (written.get(who) ?? 0) + 1;
    written.set(who, count);
    if (count <= PER_MINUTE) await insertAudit(db, { ...refused, at, outcome: "refused" });
  };
}

export async function readAudit(
  db: Queryable,
  query: { readonly cursor: string | undefined; readonly limit: number },
): Promise<Page<AuditRow>> {
  const [beforeId] = query.cursor === undefined ? [] : decodeCursor(query.cursor, [/^\d{1,15}$/]);
  const found = await listAudit(db, {
    beforeId: beforeId === undefined ? null : Number(beforeId),
    limit: query.limit + 1,
  });
  const items = found.slice(0, query.limit);
  const last = items.at(-1);
  return {
    items,
    nextCursor: found.length > query.limit && last ? encodeCursor([String(last.id)]) : null,
  };
}
