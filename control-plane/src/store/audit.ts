import type { UserId } from "@gpu-dev/shared/ids.ts";
import type { AuditRow } from "../domain/views.ts";
import { rows, type Queryable } from "./database.ts";

export async function insertAudit(
  db: Queryable,
  entry: {
    readonly at: Date;
    readonly userId: UserId | undefined;
    readonly action: string;
    readonly target: string | undefined;
    readonly outcome: AuditRow["outcome"];
    readonly requestId: string;
  },
): Promise<void> {
  await rows(
    db,
    `insert into audit (at, user_id, action, target, outcome, request_id)
     values (:at, :userId, :action, :target, :outcome, :requestId)`,
    { ...entry },
  );
}

/** Newest first, from just below `beforeId`. */
export async function listAudit(
  db: Queryable,
  page: { readonly beforeId: number | undefined; readonly limit: number },
): Promise<AuditRow[]> {
  return rows<AuditRow>(
    db,
    `select a.id, a.at, u.name as "userName", a.action, a.target, a.outcome, a.request_id as "requestId"
     from audit a left join users u on u.id = a.user_id
     where cast(:beforeId as bigint) is null or a.id < cast(:beforeId as bigint)
     order by a.id desc limit :limit`,
    { ...page },
  );
}
