import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import type { Account, Secrets } from "../../../extension/src/account/account.ts";
import { createAccount } from "../../../extension/src/account/createAccount.ts";
import { Dismissed } from "../../../extension/src/core/errors.ts";
import { rows } from "../../../control-plane/src/store/database.ts";
import { requireTool } from "../../support/requireTool.ts";
import { waitFor } from "../../support/waitFor.ts";
import { type ApiUnderTest, send, startApi } from "../api/apiUnderTest.ts";
import { type EditorUnderTest, startEditor } from "./windowUnderTest.ts";

describe("the extension's account at the real control plane", function () {
  this.timeout(30_000);
  let api: ApiUnderTest;
  let editor: EditorUnderTest;
  let one: Account;
  let two: Account;

  before(async function () {
    requireTool(this, "ssh-keygen");
    api = await startApi();
  });
  after(() => api.stop());
  beforeEach(async () => {
    await rows(api.database, "delete from api_tokens returning id");
    editor = await startEditor();
    one = await editor.open(api.url);
    two = await editor.open(api.url);
  });
  afterEach(() => editor.close());

  const key = () => `gpuDev.credential/${api.url}`;
  const tokenOf = () =>
    (JSON.parse(editor.secrets.content.get(key()) ?? "{}") as { token?: string }).token;
  const liveTokens = async () =>
    (await rows(api.database, "select id from api_tokens where revoked_at is null")).length;
  const clientOf = ({ state }: Account) => {
    assert.equal(state.kind, "signedIn");
    return state.client;
  };
  const both = (kind: Account["state"]["kind"]) =>
    waitFor(() => one.state.kind === kind && two.state.kind === kind, { describe: kind });
  const revoke = async (token = "") => {
    const init = { method: "DELETE", headers: { authorization: `Bearer ${token}` } };
    assert.equal((await send(`${api.url}/v1/tokens/current`, init)).status, 204);
  };

  it("N7: all windows sign in and out together, without a loop", async () => {
    let news = 0;
    one.onDidChange(() => (news += 1));
    two.onDidChange(() => (news += 1));
    const who = await one.signIn({ user: "ada" });
    assert.deepEqual([who.user, who.role, "token" in who], ["ada", "user", false]);
    await both("signedIn");
    assert.equal((await clientOf(two).call("getMe")).name, "ada");
    assert.equal((await clientOf(two).call("listKeys")).items.length, 1);
    assert.equal(news, 2);
    const third = await editor.open(api.url);
    assert.equal(third.state.kind, "signedIn", "a window that opens later");

    await two.signOut();
    await both("signedOut");
    assert.equal(tokenOf(), undefined);
    assert.equal(await liveTokens(), 0);
    assert.equal(news, 4);
  });

  it("N7: signing in as another user changes every window and revokes the old token", async () => {
    await one.signIn({ user: "ada" });
    await both("signedIn");
    const before = clientOf(two);
    await one.signIn({ user: "grace" });
    await waitFor(() => two.state.kind === "signedIn" && two.state.profile.user === "grace", {
      describe: "the other window",
    });
    await waitFor(async () => (await liveTokens()) === 1, { describe: "one token" });
    await assert.rejects(before.call("getMe"), { code: "unauthenticated" });
    assert.equal((await clientOf(two).call("getMe")).name, "grace");
  });

  it("N7: a refused token is renewed once, by one window, and the others follow", async () => {
    await one.signIn({ user: "ada" });
    await both("signedIn");
    const [first, clients] = [tokenOf(), [clientOf(one), clientOf(two)]];
    await revoke(first);
    const calls = clients.flatMap((client) => [client.call("getMe"), client.call("listDisks")]);
    await Promise.all(calls);
    assert.notEqual(tokenOf(), first);
    assert.equal(await liveTokens(), 1, "one new token for both windows");
    assert.deepEqual([clientOf(one), clientOf(two)], clients, "the clients stay");
  });

  it("N7: if it cannot be renewed, every window is signed out and one shows the reason", async () => {
    const elsewhere = await startApi();
    try {
      const [here, there] = [await editor.open(elsewhere.url), await editor.open(elsewhere.url)];
      await here.signIn();
      await waitFor(() => there.state.kind === "signedIn", { describe: "the other window" });
      const methods = (await send(`${elsewhere.url}/v1/sign-in`)).body["methods"];
      await rm((methods as { secretFile: string }[])[0]?.secretFile ?? "");
      await rows(elsewhere.database, "delete from api_tokens returning id");
      await assert.rejects(clientOf(here).call("getMe"), { code: "unauthenticated" });
      await waitFor(() => there.state.kind === "signedOut", { describe: "the other window" });
      assert.ok(here.state.kind === "signedOut" && there.state.kind === "signedOut");
      assert.match(here.state.reason ?? "", /^Your sign-in has expired.+can't be read/);
      assert.equal(there.state.reason, undefined);
    } finally {
      await elsewhere.stop();
    }
  });

  it("stores nothing and revokes the token when the keys can't be registered", async () => {
    await rm(editor.home, { recursive: true });
    const missing = { ...paths(), identityFile: () => `${editor.home}/no-such-key` };
    const account = create({ keys: missing });
    await assert.rejects(account.signIn({ user: "ada" }), /is not a private key that ssh can use/);
    account.dispose();
    assert.equal(editor.secrets.content.size, 0);
    assert.equal(await liveTokens(), 0);
    assert.equal((await rows(api.database, "select id from api_tokens")).length, 1);
  });

  it("N10: a cancelled sign-in ends at once and leaves nothing behind", async () => {
    const cancel = new AbortController();
    const signingIn = one.signIn({ user: "ada", signal: cancel.signal });
    cancel.abort();
    await assert.rejects(signingIn, Dismissed);
    assert.equal(one.state.kind, "signedOut");
    await assert.rejects(one.signIn({ signal: cancel.signal }), Dismissed);

    // A cancel when the token has been made: the secret storage is not reached, and the token ends.
    const late = new AbortController();
    const identityFile = () => undefined;
    const stopping = create({ keys: { ...paths(), identityFile } });
    const made = async () => (await rows(api.database, "select id from api_tokens")).length > 0;
    const second = stopping.signIn({ user: "ada", signal: late.signal });
    const cancelled = waitFor(made, { describe: "a token", intervalMs: 1 }).then(() => {
      late.abort();
    });
    const outcome = await second.then(
      () => "signed in",
      (error: unknown) => (error instanceof Dismissed ? "dismissed" : "failed"),
    );
    await cancelled;
    stopping.dispose();
    const expected = outcome === "dismissed" ? 0 : 1;
    await waitFor(async () => (await liveTokens()) === expected, { describe: "its token's end" });
    assert.equal(editor.secrets.content.size, expected);
  });

  it("ignores an invalid stored credential, and logs that without its content", async () => {
    await editor.secrets.store(key(), '{"token":"gpu-secret-text"}');
    await waitFor(() => editor.warnings.length >= 2, { describe: "both windows' word" });
    assert.equal(one.state.kind, "signedOut");
    assert.ok(!editor.warnings.join().includes("gpu-secret-text"));
  });

  it("is signed out at once, whatever the server returns", async () => {
    const away = await startApi();
    const account = await editor.open(away.url);
    await account.signIn();
    await away.stop();
    await account.signOut();
    assert.equal(account.state.kind, "signedOut");
    assert.equal(editor.secrets.content.has(`gpuDev.credential/${away.url}`), false);
  });

  function paths() {
    const { home } = editor;
    return {
      platform: process.platform,
      ownDir: `${home}/.gpu-dev`,
      userSshDir: `${home}/.ssh`,
      identityFile: () => undefined as string | undefined,
    };
  }

  function create(more: { keys: ReturnType<typeof paths>; secrets?: Secrets }): Account {
    const log = { warn: () => undefined };
    const common = { server: api.url, secrets: editor.secrets, userAgent: "test", log };
    return createAccount({ ...common, now: () => new Date(), ...more });
  }
});
