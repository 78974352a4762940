import type { z } from "zod";
import type { event } from "@gpu-dev/shared/api/events.ts";
import type { auditEntry, disk, me, sshKey } from "@gpu-dev/shared/api/resources.ts";
import { formatEventCursor } from "../../domain/cursors.ts";
import type { Principal } from "../../domain/principal.ts";
import type { AuditRow, DiskWithHolder, EventRow, SshKeyRow } from "../../domain/views.ts";

export function presentMe(principal: Principal): z.input<typeof me> {
  return {
    id: principal.userId,
    name: principal.name,
    role: principal.role,
    tokenExpiresAt: principal.tokenExpiresAt.toISOString(),
  };
}

export function presentKey(key: SshKeyRow): z.input<typeof sshKey> {
  return {
    id: key.id,
    publicKey: key.publicKey,
    fingerprint: key.fingerprint,
    comment: key.comment,
    createdAt: key.createdAt.toISOString(),
  };
}

export function presentDisk({ heldBy, ...row }: DiskWithHolder): z.input<typeof disk> {
  const until = heldBy?.expiresAt ?? heldBy?.capacityUntil;
  return {
    id: row.id,
    name: row.name,
    sizeGib: row.sizeGib,
    zone: row.zone ?? null,
    heldBy: heldBy
      ? {
          reservationId: heldBy.reservationId,
          name: heldBy.name,
          until: until?.toISOString() ?? null,
        }
      : null,
    createdAt: row.createdAt.toISOString(),
    lastUsedAt: row.lastUsedAt?.toISOString() ?? null,
  };
}

export function presentAudit(row: AuditRow): z.input<typeof auditEntry> {
  return {
    id: String(row.id),
    at: row.at.toISOString(),
    user: row.userName ?? null,
    action: row.action,
    target: row.target ?? null,
    outcome: row.outcome,
    requestId: row.requestId,
  };
}

export function presentEvent(row: EventRow): z.input<typeof event> {
  return {
    id: formatEventCursor(row),
    type: row.type,
    at: row.at.toISOString(),
    reservationId: row.reservationId ?? null,
    reservationName: row.reservationName ?? null,
    message: row.message,
    data: row.data,
  };
}
