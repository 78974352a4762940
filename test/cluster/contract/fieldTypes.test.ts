import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { sharedKubernetes } from "../support/sharedKubernetes.ts";
import { FIELD_TYPES_FILE, readFieldTypes } from "../tools/fieldTypes.ts";

describe("the field types of dev-cluster", () => {
  it("match the real server's (to update them: node test/cluster/tools/fieldTypes.ts)", async () => {
    const { admin } = await sharedKubernetes();
    const stored = JSON.parse(readFileSync(FIELD_TYPES_FILE, "utf8")) as unknown;
    assert.deepEqual(stored, await readFieldTypes(admin));
  });
});
