import assert from "node:assert/strict";
import type { Credential } from "@gpu-dev/client/signIn/credential.ts";
import { renewStored } from "@gpu-dev/client/signIn/renewStored.ts";
import { problem, json, startScriptedServer } from "../../support/scriptedServer.ts";

const credential = (user: string, token: string): Credential => ({
  token,
  user,
  expiresAt: "2026-11-24T12:00:00.000Z",
  role: "user",
  server: "127.0.0.1:1",
  identity: undefined,
});

describe("the renewal of a stored credential", () => {
  const SERVER = "http://127.0.0.1:1";
  const ADA = credential("ada", "refused");

  /** Credentials in memory, as a file holds them. */
  const stored = (initial: Record<string, Credential>) => {
    let all = initial;
    return {
      read: () => Promise.resolve(all),
      update: (change: (value: typeof all) => typeof all) => Promise.resolve((all = change(all))),
    };
  };

  it("N7: does not sign in again after a sign-out", async () => {
    const credentials = stored({});
    assert.equal(await renewStored(SERVER, credentials, ADA), undefined);
    assert.deepEqual(await credentials.read(), {});
  });

  it("N7: continues with the token that another process stored for the same user", async () => {
    const renewed = credential("ada", "renewed");
    assert.equal(await renewStored(SERVER, stored({ [SERVER]: renewed }), ADA), renewed);
  });

  it("N7: never continues as, or replaces, another user who signed in", async () => {
    const credentials = stored({ [SERVER]: credential("bob", "bobs") });
    assert.equal(await renewStored(SERVER, credentials, ADA), undefined);
    assert.equal((await credentials.read())[SERVER]?.token, "bobs");
  });

  it("N7: keeps the stored credential if the server refuses the renewal", async () => {
    const server = await startScriptedServer({
      "GET /v1/sign-in": (_request, response) => {
        json(response, 503, problem(503, "shutting_down"));
      },
    });
    try {
      const credentials = stored({ [server.url]: ADA });
      assert.equal(await renewStored(server.url, credentials, ADA), undefined);
      assert.equal((await credentials.read())[server.url], ADA);
    } finally {
      await server.close();
    }
  });
});
