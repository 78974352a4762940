import assert from "node:assert/strict";
import { causesOf, codeOf } from "@gpu-dev/shared/errors.ts";

describe("causesOf", () => {
  it("lists the error and its causes, outermost first", () => {
    const inner = new Error("inner");
    const outer = new Error("outer", { cause: inner });
    assert.deepEqual(causesOf(outer), [outer, inner]);
  });

  it("ends on a cycle of causes", () => {
    const error = new Error("itself");
    error.cause = error;
    assert.ok(causesOf(error).length < 100);
  });

  it("includes a cause that is not an error, and nothing for undefined", () => {
    assert.deepEqual(causesOf("text"), ["text"]);
    assert.deepEqual(causesOf(undefined), []);
  });
});

describe("codeOf", () => {
  it("returns the first code in the chain", () => {
    const refused = Object.assign(new Error("connect"), { code: "ECONNREFUSED" });
    assert.equal(codeOf(new TypeError("fetch failed", { cause: refused })), "ECONNREFUSED");
  });

  it("returns undefined if no cause has a string code", () => {
    assert.equal(codeOf(Object.assign(new Error("x"), { code: 5 })), undefined);
    assert.equal(codeOf(null), undefined);
  });
});
