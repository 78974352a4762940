import type { KeyId } from "@gpu-dev/shared/ids.ts";
import { parseSshPublicKey } from "../auth/sshPublicKey.ts";
import type { Queryable, Transaction } from "../store/database.ts";
import { queueNow } from "../store/jobs.ts";
import { listReachable } from "../store/reservationQueries.ts";
import { deleteKey, insertKey, keyExists, listKeys } from "../store/sshKeys.ts";
import { lockUser } from "../store/users.ts";
import { newId } from "../platform/newId.ts";
import type { Principal } from "../domain/principal.ts";
import { Refusal } from "../domain/refusal.ts";
import type { SshKeyRow } from "../domain/views.ts";

const MAX_KEYS = 50;

export async function readKeys(db: Queryable, principal: Principal): Promise<SshKeyRow[]> {
  return listKeys(db, principal.userId);
}

/** Adds a key to the user and to the user's running pods; adding it again changes nothing. */
export async function addKey(
  trx: Transaction,
  principal: Principal,
  line: string,
  now: Date,
): Promise<SshKeyRow> {
  const parsed = parseSshPublicKey(line);
  if (typeof parsed === "string") {
    throw new Refusal("invalid_request", parsed, {
      errors: [{ path: "body.publicKey", message: parsed }],
    });
  }
  await lockUser(trx, principal.userId);
  const keys = await listKeys(trx, principal.userId);
  const existing = keys.find((key) => key.fingerprint === parsed.fingerprint);
  if (existing) return existing;
  if (keys.length >= MAX_KEYS) {
    throw new Refusal(
      "quota_exceeded",
      `You have ${String(keys.length)} SSH keys already; ${String(MAX_KEYS)} is the limit. Remove one first.`,
    );
  }
  const added = await insertKey(trx, {
    ...parsed,
    id: newId<KeyId>(),
    userId: principal.userId,
    now,
  });
  if (!added) throw new Error("the key was inserted while its user's row was locked");
  await updateAuthorizedKeys(trx, principal);
  return added;
}

/** Removes a key from the user and from the user's running pods. */
export async function removeKey(trx: Transaction, principal: Principal, id: KeyId): Promise<void> {
  if (await deleteKey(trx, principal.userId, id)) {
    await updateAuthorizedKeys(trx, principal);
    return;
  }
  throw new Refusal(
    "not_found",
    "You have no SSH key with this id. List your keys to see their ids.",
    {
      audited: await keyExists(trx, id),
    },
  );
}

async function updateAuthorizedKeys(trx: Transaction, principal: Principal): Promise<void> {
  for (const id of await listReachable(trx, principal.userId)) {
    await queueNow(trx, "reservation", id);
  }
}
