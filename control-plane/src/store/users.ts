import type { UserId } from "@gpu-dev/shared/ids.ts";
import { MAX_NAME_LENGTH } from "@gpu-dev/shared/names.ts";
import { firstRow, type Queryable, type Transaction } from "./database.ts";

export interface IdentityKey {
  readonly provider: string;
  readonly subject: string;
}

export interface UserRow {
  readonly id: UserId;
  readonly name: string;
}

/**
 * Returns the user of an identity and creates it at the first sign-in. The identity decides, never
 * the name: if another identity has the name, the new user gets it with a numeric suffix.
 */
export async function findOrCreateUser(
  trx: Transaction,
  identity: IdentityKey & UserRow & { readonly now: Date },
): Promise<UserRow> {
  const existing = await findUserOf(trx, identity);
  if (existing) return existing;
  // Concurrent first sign-ins of one identity wait here, and all but the first find its user below.
  await firstRow(trx, "select pg_advisory_xact_lock(hashtextextended(?, 0))", [
    JSON.stringify([identity.provider, identity.subject]),
  ]);
  return (
    (await findUserOf(trx, identity)) ??
    (await linkUserOfPreviousVersion(trx, identity)) ??
    (await createUser(trx, identity))
  );
}

/**
 * Holds the user's row until the transaction ends: concurrent creations by one user run one after
 * the other, so limits are exact and a chosen name stays free. Foreign keys to the row do not wait
 * for it.
 */
export async function lockUser(trx: Transaction, id: UserId): Promise<void> {
  await firstRow(trx, "select 1 from users where id = ? for no key update", [id]);
}

async function findUserOf(
  db: Queryable,
  { provider, subject }: IdentityKey,
): Promise<UserRow | undefined> {
  return firstRow<UserRow>(
    db,
    `select u.id, u.name from identities i join users u on u.id = i.user_id
     where i.provider = :provider and i.subject = :subject`,
    { provider, subject },
  );
}

/**
 * A process of the version before identities, which knows development sign-in only, may create
 * users during a rolling upgrade. They have no identity; their name is the subject. A later release
 * removes this.
 */
async function linkUserOfPreviousVersion(
  trx: Transaction,
  { provider, subject, now }: IdentityKey & { readonly now: Date },
): Promise<UserRow | undefined> {
  if (provider !== "development") return undefined;
  return firstRow<UserRow>(
    trx,
    `with linked as (
       insert into identities (provider, subject, user_id, created_at)
       select :provider, :subject, u.id, :now from users u
       where u.name = :subject and not exists (select 1 from identities i where i.user_id = u.id)
       returning user_id
     )
     select u.id, u.name from linked join users u on u.id = linked.user_id`,
    { provider, subject, now },
  );
}

async function createUser(
  trx: Transaction,
  { provider, subject, id, name, now }: IdentityKey & UserRow & { readonly now: Date },
): Promise<UserRow> {
  for (let number = 1; ; number += 1) {
    const handle = withSuffix(name, number);
    const user = await firstRow<UserRow>(
      trx,
      `insert into users (id, name, created_at) values (:id, :handle, :now)
       on conflict (name) do nothing
       returning id, name`,
      { id, handle, now },
    );
    if (!user) {
      // A process of the previous version may have created the user meanwhile.
      const linked = await linkUserOfPreviousVersion(trx, { provider, subject, now });
      if (linked) return linked;
      continue;
    }
    await firstRow(
      trx,
      `insert into identities (provider, subject, user_id, created_at)
       values (:provider, :subject, :id, :now)
       returning user_id`,
      { provider, subject, id, now },
    );
    return user;
  }
}

function withSuffix(name: string, number: number): string {
  if (number === 1) return name;
  const suffix = `-${String(number)}`;
  // A name has no two hyphens together.
  return name.slice(0, MAX_NAME_LENGTH - suffix.length).replace(/-$/, "") + suffix;
}
