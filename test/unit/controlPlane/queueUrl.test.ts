import assert from "node:assert/strict";
import pg from "pg";
import { queueUrl } from "../../../control-plane/src/store/workers.ts";

describe("the database URL of the job queue", () => {
  it("keeps all parts, including the password, and adds to the existing options", () => {
    const url = queueUrl(
      "postgres://me:a+b%2Bc@db:5433/gpu?sslmode=disable&options=-c%20jit%3Doff",
    );
    const { user, password, host, port, database } = new pg.Client(url);
    assert.deepEqual([user, password, host, port, database], ["me", "a+b+c", "db", 5433, "gpu"]);
    const { searchParams } = new URL(url);
    assert.equal(searchParams.get("sslmode"), "disable");
    assert.equal(searchParams.get("query_timeout"), "30000");
    assert.equal(searchParams.get("options"), "-c jit=off -c synchronous_commit=off");
    assert.doesNotMatch(url.slice(url.indexOf("?")), /\+/);
  });
});
