import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { sharedKubernetes } from "../support/sharedKubernetes.ts";
import { FIELD_TYPES_FILE, readFieldTypes } from "../tools/fieldTypes.ts";

describe("what dev-cluster knows of each kind's fields", () => {
  it("is what the real server describes (else: node test/cluster/tools/fieldTypes.ts)", async () => {
    const { admin } = await sharedKubernetes();
    const kept = JSON.parse(readFileSync(FIELD_TYPES_FILE, "utf8")) as unknown;
    assert.deepEqual(kept, await readFieldTypes(admin));
  });
});
