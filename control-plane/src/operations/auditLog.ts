import { insertAudit, listAudit } from "../store/audit.ts";
import type { Queryable } from "../store/database.ts";
import type { Clock } from "../platform/clock.ts";
import type { UserId } from "@gpu-dev/shared/ids.ts";
import { CURSOR_PARTS, decodeCursor, pageOf, type Page } from "../domain/cursors.ts";
import type { AuditRow } from "../domain/views.ts";
import { Minute } from "@gpu-dev/shared/durations.ts";

/** Refusals written per user and minute; the rest are in the log. */
const MAX_PER_MINUTE = 20;

/**
 * Writes refusals to the audit, with a limit per user, so that requests that are refused cannot
 * grow the table without limit.
 */
export function createRefusalAudit({ db, clock }: { db: Queryable; clock: Clock }) {
  let minute = 0;
  let written = new Map<string, number>();
  return async (refused: {
    readonly userId: UserId | undefined;
    readonly action: string;
    readonly target: string | undefined;
    readonly requestId: string;
  }): Promise<void> => {
    const at = clock.now();
    const thisMinute = Math.floor(at.getTime() / Minute.ms);
    if (thisMinute !== minute) {
      minute = thisMinute;
      written = new Map();
    }
    const user = refused.userId ?? "";
    const count = (written.get(user) ?? 0) + 1;
    written.set(user, count);
    if (count <= MAX_PER_MINUTE) await insertAudit(db, { ...refused, at, outcome: "refused" });
  };
}

export async function readAudit(
  db: Queryable,
  query: { readonly cursor: string | undefined; readonly limit: number },
): Promise<Page<AuditRow>> {
  const [beforeId] =
    query.cursor === undefined ? [] : decodeCursor(query.cursor, [CURSOR_PARTS.rowId]);
  const found = await listAudit(db, {
    beforeId: beforeId === undefined ? undefined : Number(beforeId),
    limit: query.limit + 1,
  });
  return pageOf(found, query.limit, (last) => [String(last.id)]);
}
