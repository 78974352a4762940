import assert from "node:assert/strict";
import { nullInFile, wireJson, withoutNull } from "@gpu-dev/client/absence.ts";
import * as z from "zod";

describe("absent values", () => {
  const response = {
    phase: null,
    spec: { disk: null, labels: {} },
    members: [{ podName: "gd-1-0-1", podIp: null }],
    data: { node: null },
  };

  it("are undefined in code with their keys kept, except in the free-form data of events", () => {
    const converted = withoutNull(response);
    assert.deepEqual(converted, {
      phase: undefined,
      spec: { disk: undefined, labels: {} },
      members: [{ podName: "gd-1-0-1", podIp: undefined }],
      data: { node: null },
    });
    assert.ok("phase" in converted && "disk" in converted.spec);
  });

  it("are null in JSON output, as the server sent them", () => {
    assert.deepEqual(JSON.parse(wireJson(withoutNull(response))), response);
    assert.equal(wireJson({ connection: undefined }), '{\n  "connection": null\n}');
  });

  it("are null in files, and undefined after reading", () => {
    const stored = z.object({ identity: nullInFile(z.string()) });
    assert.deepEqual(stored.encode({ identity: undefined }), { identity: null });
    assert.deepEqual(stored.decode({ identity: null }), { identity: undefined });
    assert.deepEqual(stored.decode({ identity: "key" }), { identity: "key" });
  });
});
