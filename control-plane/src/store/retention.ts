import { rows, type Queryable } from "./database.ts";

/**
 * Each statement removes rows older than its limit. Running them at any time, or twice, is safe.
 */
const RULES: Record<string, string> = {
  idempotencyKeys: `delete from idempotency_keys where created_at < cast(:now as timestamptz) - interval '24 hours'`,
  tokens: `delete from api_tokens where coalesce(revoked_at, expires_at) < cast(:now as timestamptz) - interval '7 days'`,
  events: `delete from events e using reservations r
     where r.id = e.reservation_id and r.ended_at < cast(:now as timestamptz) - interval '90 days'`,
  audit: `delete from audit where at < cast(:now as timestamptz) - interval '1 year'`,
  heartbeats: `delete from worker_heartbeats where beat_at < clock_timestamp() - interval '1 hour'`,
};

export async function removeExpired(db: Queryable, now: Date): Promise<void> {
  for (const statement of Object.values(RULES)) await rows(db, statement, { now });
}
