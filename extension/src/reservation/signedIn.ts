import type { ApiClient } from "@gpu-dev/client/http/apiClient.ts";
import type { Account } from "../account/account.ts";

/** The client of whoever is signed in; throws a sentence for people where nobody is. */
export function signedInClient(account: Pick<Account, "state">): ApiClient {
  if (account.state.kind === "signedIn") return account.state.client;
  throw new Error("You are not signed in. Sign in to go on.");
}
