import assert from "node:assert/strict";
import { hashToken } from "../../../control-plane/src/auth/token.ts";
import { rows } from "../../../control-plane/src/store/database.ts";
import { jsonInit, proofOf, send, startApi, type ApiUnderTest } from "./apiUnderTest.ts";

describe("development sign-in", () => {
  let api: ApiUnderTest;
  before(async () => {
    api = await startApi();
  });
  after(() => api.stop());

  const tokens = (body: unknown) => send(`${api.url}/v1/tokens`, jsonInit("POST", body));
  const claim = (change: Record<string, string> = {}) => {
    const claims = {
      server: api.server,
      user: "ann",
      role: "user",
      issuedAt: new Date().toISOString(),
      ...change,
    };
    return { kind: "development", ...claims, proof: proofOf(api.secret, claims) };
  };

  it("S2: gives one token for one proof, also to callers that race", async () => {
    const body = claim();
    const answers = await Promise.all([tokens(body), tokens(body), tokens(body)]);
    assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 401, 401]);
    assert.equal((await tokens(body)).body["code"], "invalid_credentials");
  });

  it("stores only the token's hash, for 12 hours", async () => {
    const { body } = await tokens(claim({ user: "bob" }));
    const stored = await rows<{ token_hash: Buffer; hours: number }>(
      api.database,
      "select token_hash, extract(epoch from expires_at - created_at)::integer / 3600 as hours from api_tokens where id = ?",
      [String(body["id"])],
    );
    assert.deepEqual(stored, [{ token_hash: hashToken(String(body["token"])), hours: 12 }]);
  });

  it("S2: refuses another server, an old proof, one from the future and an altered one", async () => {
    const old = new Date(Date.now() - 61_000).toISOString();
    const future = new Date(Date.now() + 62_000).toISOString();
    for (const body of [
      claim({ server: "elsewhere:8710" }),
      claim({ issuedAt: old }),
      claim({ issuedAt: future }),
      { ...claim(), role: "admin" },
      { ...claim(), user: "root" },
      { ...claim(), proof: "A".repeat(43) },
    ]) {
      const answer = await tokens(body);
      assert.equal(answer.status, 401, JSON.stringify(answer.body));
      assert.equal(answer.body["code"], "invalid_credentials");
    }
    assert.equal((await rows(api.database, "select 1 from users where name = 'root'")).length, 0);
  });

  it("answers with the name that it was called by, to which the proof is bound", async () => {
    const byName = `localhost:${new URL(api.url).port}`;
    const listed = await send(`http://${byName}/v1/sign-in`);
    assert.equal(listed.body["server"], byName);
  });
});
