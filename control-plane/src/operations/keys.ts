import type { KeyId } from "@gpu-dev/shared/ids.ts";
import { parseSshPublicKey } from "../auth/sshPublicKey.ts";
import type { Queryable, Transaction } from "../store/database.ts";
import { queueNow } from "../store/jobs.ts";
import { listReachable } from "../store/reservationQueries.ts";
import { deleteKey, insertKey, keyExists, listKeys, type SshKeyRow } from "../store/sshKeys.ts";
import { lockUser } from "../store/users.ts";
import { newId } from "../platform/newId.ts";
import type { Principal } from "../domain/principal.ts";
import { Refusal } from "../domain/refusal.ts";

export type { SshKeyRow };

const MAXIMUM_KEYS = 50;

export async function readKeys(db: Queryable, principal: Principal): Promise<SshKeyRow[]> {
  return listKeys(db, principal.userId);
}

/** Adds a key to the user and to the pods that run; adding it again changes nothing. */
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
  const mine = await listKeys(trx, principal.userId);
  const same = mine.find((key) => key.fingerprint === parsed.fingerprint);
  if (same) return same;
  if (mine.length >= MAXIMUM_KEYS) {
    throw new Refusal(
      "quota_exceeded",
      `You have ${String(mine.length)} SSH keys already; ${String(MAXIMUM_KEYS)} is the limit. Remove one first.`,
    );
  }
  const added = await insertKey(trx, {
    ...parsed,
    id: newId<KeyId>(),
    userId: principal.userId,
    now,
  });
  if (!added) throw new Error("a key appeared while its user's row was locked");
  await renewAuthorizedKeys(trx, principal);
  return added;
}

/** Removes a key from the user and from the pods that run. */
export async function removeKey(trx: Transaction, principal: Principal, id: KeyId): Promise<void> {
  if (await deleteKey(trx, principal.userId, id)) {
    await renewAuthorizedKeys(trx, principal);
    return;
  }
  throw new Refusal("not_found", "You have no SSH key of this id. List yours to see their ids.", {
    audited: await keyExists(trx, id),
  });
}

async function renewAuthorizedKeys(trx: Transaction, principal: Principal): Promise<void> {
  for (const id of await listReachable(trx, principal.userId)) {
    await queueNow(trx, "reservation", id);
  }
}
