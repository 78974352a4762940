import assert from "node:assert/strict";
import { signDevelopmentClaims } from "@gpu-dev/shared/developmentProof.ts";
import type { UserId } from "@gpu-dev/shared/ids.ts";
import { hashToken } from "../../../control-plane/src/auth/token.ts";
import type { SignInMethod } from "../../../control-plane/src/domain/signInMethod.ts";
import { signIn, verifySignIn } from "../../../control-plane/src/operations/signIn.ts";
import { newId } from "../../../control-plane/src/platform/newId.ts";
import { inTransaction, rows } from "../../../control-plane/src/store/database.ts";
import { createTestDatabase } from "../../support/postgres.ts";
import { jsonInit, send, startApi, type ApiUnderTest } from "./apiUnderTest.ts";

describe("sign-in", () => {
  let api: ApiUnderTest;
  before(async () => {
    api = await startApi();
  });
  after(() => api.stop());

  const tokens = (body: unknown) => send(`${api.url}/v1/tokens`, jsonInit("POST", body));
  const claim = (change: { server?: string; user?: string; issuedAt?: string } = {}) => {
    const claims = {
      server: api.server,
      user: "ann",
      issuedAt: new Date().toISOString(),
      ...change,
    };
    return {
      kind: "development" as const,
      ...claims,
      proof: signDevelopmentClaims(api.secret, claims),
    };
  };
  const usersNamed = (pattern: string) =>
    rows<{ name: string }>(api.database, "select name from users where name like ? order by name", [
      pattern,
    ]);

  describe("with the development method", () => {
    it("S2: issues one token per proof, also to concurrent requests", async () => {
      const body = claim();
      const responses = await Promise.all([tokens(body), tokens(body), tokens(body)]);
      assert.deepEqual(responses.map(({ status }) => status).sort(), [201, 401, 401]);
      assert.equal((await tokens(body)).body["code"], "invalid_credentials");
    });

    it("stores only the hash of a token, which is valid for 12 hours", async () => {
      const { body } = await tokens(claim({ user: "bob" }));
      const stored = await rows<{ token_hash: Buffer; hours: number }>(
        api.database,
        "select token_hash, extract(epoch from expires_at - created_at)::integer / 3600 as hours from api_tokens where id = ?",
        [String(body["id"])],
      );
      assert.deepEqual(stored, [{ token_hash: hashToken(String(body["token"])), hours: 12 }]);
    });

    it("S2: refuses another server, an old proof, a future proof and an altered claim", async () => {
      const old = new Date(Date.now() - 61_000).toISOString();
      const future = new Date(Date.now() + 62_000).toISOString();
      for (const body of [
        claim({ server: "elsewhere:8710" }),
        claim({ issuedAt: old }),
        claim({ issuedAt: future }),
        { ...claim(), user: "root" },
        { ...claim(), proof: "A".repeat(43) },
      ]) {
        const { status, body: problem } = await tokens(body);
        assert.equal(status, 401, JSON.stringify(problem));
        assert.equal(problem["code"], "invalid_credentials");
      }
      assert.deepEqual(await usersNamed("root"), []);
    });

    it("binds a proof to the host name of the request", async () => {
      const byName = `localhost:${new URL(api.url).port}`;
      const listed = await send(`http://${byName}/v1/sign-in`);
      assert.equal(listed.body["server"], byName);
    });

    it("S2: takes roles from the server's configuration, never from the request", async () => {
      const roleOf = async (name: string) =>
        (await (await api.signIn(name)).get("/v1/me")).body["role"];
      assert.deepEqual(
        [await roleOf("ann"), await roleOf("operator"), await roleOf("admin")],
        ["user", "operator", "admin"],
      );
      const { status, body } = await tokens({ ...claim(), role: "admin" });
      assert.equal(status, 400);
      assert.match(String(body["detail"]), /server assigns roles \(GPU_DEV_DEVELOPMENT_ROLES\)/);
    });

    it("refuses an unknown method and names the available methods", async () => {
      const { status, body } = await tokens({ ...claim(), kind: "carrier-pigeon" });
      assert.equal(status, 400);
      assert.match(
        String(body["detail"]),
        /body\.kind: must have a known .* \(known: development\)/,
      );
    });
  });

  describe("with any method", () => {
    const methodOf = (provider: string): SignInMethod => ({
      kind: "development",
      describe: () => ({ kind: "development", secretFile: "none", defaultUser: "dev" }),
      verify: ({ user }) =>
        Promise.resolve({
          provider,
          subject: user,
          name: user,
          role: "user",
          proof: newId<UserId>(),
        }),
    });
    const signInWith = async (provider: string, user: string) =>
      inTransaction(api.database, async (trx) => {
        const facts = { server: api.server, now: new Date() };
        const identity = await verifySignIn([methodOf(provider)], claim({ user }), facts);
        return (await signIn(trx, identity, facts.now)).principal;
      });

    it("creates two users for the same subject at two providers, the second with a suffixed name", async () => {
      const first = await signInWith("development", "carla");
      const second = await signInWith("other", "carla");
      const third = await signInWith("third", "carla");
      assert.deepEqual([first.name, second.name, third.name], ["carla", "carla-2", "carla-3"]);
      assert.equal(new Set([first.userId, second.userId, third.userId]).size, 3);
      assert.equal((await signInWith("other", "carla")).userId, second.userId);
      assert.equal((await api.signIn("carla")).id, first.userId);
    });

    it("keeps a long name valid when it adds a suffix", async () => {
      const name = `d${"x".repeat(28)}-yz`;
      await signInWith("development", name);
      assert.equal((await signInWith("other", name)).name, `d${"x".repeat(28)}-2`);
    });

    it("keeps the identity of a renamed user, and shows the new name", async () => {
      const before = await signInWith("development", "eve");
      await rows(api.database, "update users set name = 'evelyn' where id = ? returning id", [
        before.userId,
      ]);
      const after = await api.signIn("eve");
      assert.equal(after.id, before.userId);
      assert.equal((await after.get("/v1/me")).body["name"], "evelyn");
    });

    it("R14: a user created by the version before identities keeps the account at the next sign-in", async () => {
      const id = newId<UserId>();
      await rows(
        api.database,
        "insert into users (id, name, created_at) values (?, 'hana', now()) returning id",
        [id],
      );
      assert.equal((await signInWith("other", "hana")).name, "hana-2");
      assert.equal((await api.signIn("hana")).id, id);
      assert.equal((await api.signIn("hana")).id, id);
    });

    it("creates one user for concurrent first sign-ins of one identity", async () => {
      const all = await Promise.all(Array.from({ length: 6 }, () => signInWith("other", "frank")));
      assert.equal(new Set(all.map(({ userId }) => userId)).size, 1);
      assert.deepEqual(await usersNamed("frank%"), [{ name: "frank" }]);
    });

    it("creates users with different names for concurrent first sign-ins of identities with one name", async () => {
      const providers = ["development", "other", "third"];
      const all = await Promise.all(providers.map((provider) => signInWith(provider, "gina")));
      assert.equal(new Set(all.map(({ userId }) => userId)).size, 3);
      assert.deepEqual(
        (await usersNamed("gina%")).map(({ name }) => name),
        ["gina", "gina-2", "gina-3"],
      );
    });

    it("verifies the identity before a transaction begins, and names the user in the audit", async () => {
      const testDatabase = await createTestDatabase();
      const open: unknown[] = [];
      const method: SignInMethod = {
        ...methodOf("external"),
        verify: async (request, facts) => {
          open.push(
            ...(await rows(
              other.database,
              "select query from pg_stat_activity where datname = current_database() and state like 'idle in transaction%'",
            )),
          );
          return methodOf("external").verify(request, facts);
        },
      };
      const other = await startApi({ testDatabase, overrides: { signInMethods: [method] } });
      try {
        const caller = await other.signIn("ivy");
        assert.deepEqual(open, []);
        const audit = await rows(
          other.database,
          "select user_id, outcome from audit where action = 'createToken'",
        );
        assert.deepEqual(audit, [{ user_id: caller.id, outcome: "allowed" }]);
      } finally {
        await other.stop();
        await testDatabase.drop();
      }
    });

    it("refuses a method that the server does not offer", async () => {
      await assert.rejects(
        verifySignIn([], claim(), { server: api.server, now: new Date() }),
        /no sign-in method configured/,
      );
    });
  });
});
