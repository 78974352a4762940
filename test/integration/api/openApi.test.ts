import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { buildOpenApi } from "@gpu-dev/shared/api/openapi.ts";
import { takeViolations } from "../../support/observedServers.ts";
import { findViolations, type SeenResponse } from "../../support/openApi.ts";
import { REQUEST, startApi } from "./apiUnderTest.ts";

const ROOT = new URL("../../../", import.meta.url);

describe("openapi.json", () => {
  it("matches the route table (npm run openapi writes it)", async () => {
    const packageJson = JSON.parse(
      await readFile(new URL("control-plane/package.json", ROOT), "utf8"),
    ) as { version: string };
    const committed: unknown = JSON.parse(await readFile(new URL("openapi.json", ROOT), "utf8"));
    assert.deepEqual(committed, JSON.parse(JSON.stringify(buildOpenApi(packageJson.version))));
  });

  it("accepts null for each time of a reservation that has not come yet", async () => {
    const api = await startApi();
    const alice = await api.signIn("alice");
    // `post` compares the response with the document; so does the observer of the server.
    const { body } = await alice.post("/v1/reservations", REQUEST);
    assert.deepEqual([body["placedAt"], body["waiting"]], [null, null]);
    assert.deepEqual(takeViolations(), []);
    await api.stop();
  });

  const health = (change: Partial<SeenResponse> & { headers?: Record<string, string> }) =>
    findViolations({
      method: "GET",
      target: "/healthz",
      status: 200,
      body: '{"status":"ok"}',
      header: (name) =>
        ({
          "content-type": "application/json; charset=utf-8",
          "x-request-id": "6f1b8a1e-9d6e-4c43-9a3e-0d8c5a0c5b11",
          ...change.headers,
        })[name],
      ...change,
    });

  it("lets the validator of the tests accept only what it describes", () => {
    assert.deepEqual(health({}), []);
    assert.match(health({ status: 418 })[0] ?? "", /does not describe this status/);
    assert.match(health({ headers: { "x-request-id": "7" } })[0] ?? "", /X-Request-Id is "7"/);
    assert.match(health({ headers: { "content-type": "text/html" } })[0] ?? "", /media type/);
    assert.match(health({ body: '{"status":"ok","x":1}' })[0] ?? "", /additional properties/);
    assert.match(health({ body: '{"status":null}' })[0] ?? "", /equal to constant/);
    assert.match(health({ target: "/nowhere" })[0] ?? "", /does not describe this status/);
  });
});
