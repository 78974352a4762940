import assert from "node:assert/strict";
import * as z from "zod";
import { lenientParse } from "@gpu-dev/client/http/lenientParse.ts";

const schema = z.strictObject({
  name: z.string(),
  state: z.enum(["queued", "ready"]),
  phase: z.enum(["disk", "booting"]).nullable(),
  sizes: z.array(z.object({ gpus: z.int() })),
  methods: z.array(z.discriminatedUnion("kind", [z.object({ kind: z.literal("development") })])),
});
const response = {
  name: "demo",
  state: "ready",
  phase: "disk",
  sizes: [{ gpus: 1 }],
  methods: [{ kind: "development" }],
};
const valueOf = (data: unknown) => {
  const parsed = lenientParse(schema, data);
  return parsed.ok ? parsed.value : parsed.where;
};

/** The path and reason of a refused response. */
const problemOf = (data: unknown): string => {
  const parsed = lenientParse(schema, data);
  return parsed.ok ? "accepted" : parsed.where;
};

describe("the response of a server of another version", () => {
  it("is read without the fields that this version does not know", () => {
    assert.deepEqual(valueOf({ ...response, more: 1 }), response);
  });

  it("keeps a word that this version does not know", () => {
    assert.deepEqual(valueOf({ ...response, phase: "warming" }), { ...response, phase: "warming" });
  });

  it("has an empty list where an older server sends none", () => {
    assert.deepEqual(valueOf({ ...response, sizes: undefined }), { ...response, sizes: [] });
  });

  it("is read without the sign-in methods that this version does not know", () => {
    const methods = [{ kind: "aws", region: "x" }, { kind: "development" }, { kind: "oidc" }];
    assert.deepEqual(valueOf({ ...response, methods, phase: "warming", more: 1 }), {
      ...response,
      phase: "warming",
    });
  });

  it("is refused if a state is unknown, or a field is missing or of another type", () => {
    assert.match(problemOf({ ...response, state: "paused" }), /^state: /);
    assert.match(problemOf({ ...response, name: undefined }), /^name: /);
    assert.match(problemOf({ ...response, sizes: "none" }), /^sizes: /);
  });
});
