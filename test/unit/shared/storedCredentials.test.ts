import assert from "node:assert/strict";
import type { Credential } from "@gpu-dev/client/signIn/credential.ts";
import {
  signedInUsers,
  storedCredential,
  type StoredCredentials,
  withDefaultUser,
  withoutToken,
} from "@gpu-dev/client/signIn/storedCredentials.ts";

const SERVER = "http://127.0.0.1:1";
const credential = (user: string, token = user, subject?: string): Credential => ({
  token,
  user,
  ...(subject === undefined ? {} : { subject }),
  expiresAt: "2026-11-24T12:00:00.000Z",
  role: "user",
  server: "127.0.0.1:1",
  identity: undefined,
});
const names = (all: StoredCredentials) => signedInUsers(all, SERVER).map(({ user }) => user);
const signIn = (all: StoredCredentials, ...credentials: Credential[]) =>
  credentials.reduce((stored, next) => withDefaultUser(stored, SERVER, next), { ...all });

describe("the stored credentials of several users", () => {
  it("the last user who signed in is the default; the others stay, each once", () => {
    const all = signIn({}, credential("bob"), credential("eve"), credential("bob", "bob2"));
    assert.deepEqual(names(all), ["bob", "eve"]);
    assert.equal(storedCredential(all, SERVER)?.token, "bob2");
    assert.equal(storedCredential(all, SERVER, "eve")?.token, "eve");
    assert.equal(storedCredential(all, SERVER, "mallory"), undefined);
  });

  it("the default user is stored where earlier versions look for it", () => {
    const all = signIn({ [SERVER]: credential("bob") }, credential("eve"));
    assert.equal(all[SERVER]?.user, "eve");
    assert.deepEqual(names(all), ["eve", "bob"]);
  });

  it("a user is found by the name that signed in, unless another user has that name", () => {
    const all = signIn({}, credential("ada-2", "t2", "ada"));
    assert.equal(storedCredential(all, SERVER, "ada")?.token, "t2");
    assert.equal(storedCredential(signIn(all, credential("ada")), SERVER, "ada")?.token, "ada");
  });

  it("other servers are unaffected, and a sign-out removes one credential", () => {
    const other = { "http://127.0.0.1:12": credential("zoe") };
    const all = signIn(other, credential("bob"), credential("eve"));
    assert.deepEqual(names(withoutToken(all, "eve")), ["bob"]);
    assert.deepEqual(Object.keys(withoutToken(all, "bob")).sort(), [SERVER, "http://127.0.0.1:12"]);
  });
});
