import assert from "node:assert/strict";
import { mergePatch } from "../../../dev-cluster/src/patch/applyPatch.ts";
import { jsonPatch } from "../../../dev-cluster/src/patch/jsonPatch.ts";
import { strategicMergePatch } from "../../../dev-cluster/src/patch/strategicMergePatch.ts";

describe("JSON patch", () => {
  const cases: [string, unknown, object[], unknown][] = [
    ["adds to a list", { a: [1, 3] }, [{ op: "add", path: "/a/1", value: 2 }], { a: [1, 2, 3] }],
    ["appends to a list", { a: [1] }, [{ op: "add", path: "/a/-", value: 2 }], { a: [1, 2] }],
    ["replaces null", { a: null }, [{ op: "replace", path: "/a", value: 1 }], { a: 1 }],
    ["moves", { a: 1, b: {} }, [{ op: "move", from: "/a", path: "/b/c" }], { b: { c: 1 } }],
    ["copies", { a: [1] }, [{ op: "copy", from: "/a", path: "/b" }], { a: [1], b: [1] }],
    ["replaces all", { a: 1 }, [{ op: "replace", path: "", value: { b: 2 } }], { b: 2 }],
    ["unescapes", { "a/b": 1, "c~d": 2 }, [{ op: "remove", path: "/a~1b" }], { "c~d": 2 }],
  ];
  for (const [name, target, patch, expected] of cases) {
    it(name, () => {
      const before = structuredClone(target);
      assert.deepEqual(jsonPatch(target, patch), expected);
      assert.deepEqual(target, before);
    });
  }
  for (const path of ["/missing", "/a/9", "/a/x/y", "/a/-1"]) {
    it(`refuses to remove ${path}`, () => {
      assert.throws(() => jsonPatch({ a: [1] }, [{ op: "remove", path }]), { code: 422 });
    });
  }

  for (const path of ["/__proto__", "/__proto__/hostile", "/a/__proto__/hostile"]) {
    it(`refuses the pointer ${path}`, () => {
      const patch = [{ op: "add", path, value: { hostile: true } }];
      assert.throws(() => jsonPatch({ a: {} }, patch), { code: 422 });
      assert.equal(({} as { hostile?: boolean }).hostile, undefined);
    });
  }

  const refused: object[] = [
    { op: "remove", path: "/toString" },
    { op: "remove", path: "/constructor" },
    { op: "add", path: "/constructor/prototype/hostile", value: true },
    { op: "test", path: "/list/length", value: 1 },
    { op: "replace", path: "/list/x", value: 2 },
    { op: "copy", from: "/text", path: "/list/9" },
    { op: "move", from: "/text", path: "/list/x" },
    { op: "add", path: "/text/b", value: 1 },
  ];
  for (const operation of refused) {
    it(`refuses ${JSON.stringify(operation)}`, () => {
      assert.throws(() => jsonPatch({ list: [1], text: "t" }, [operation]), { code: 422 });
    });
  }

  it("treats constructor and prototype as ordinary keys", () => {
    const patch = [
      { op: "add", path: "/constructor", value: "a" },
      { op: "add", path: "/prototype", value: "b" },
      { op: "test", path: "/constructor", value: "a" },
    ];
    assert.deepEqual(jsonPatch({}, patch), { constructor: "a", prototype: "b" });
  });
});

describe("merge patch", () => {
  it("merges maps, replaces lists and removes null fields", () => {
    const target = { a: { b: 1, c: 2 }, list: [1, 2], gone: 1 };
    const patch = { a: { c: null, d: 3 }, list: [3], gone: null };
    assert.deepEqual(mergePatch(target, patch), { a: { b: 1, d: 3 }, list: [3] });
  });

  it("treats constructor and prototype as ordinary keys", () => {
    const patch = { constructor: "a", prototype: { b: "c" }, last: 1 };
    assert.deepEqual(mergePatch({}, patch), patch);
  });
});

describe("strategic merge patch", () => {
  const cases: [string, string, object, object, object][] = [
    [
      "merges by key; new elements come before those that the patch does not name",
      "PodSpec",
      { containers: [{ name: "a", x: 1 }, { name: "b" }] },
      { containers: [{ name: "c" }, { name: "a", y: 2 }] },
      { containers: [{ name: "c" }, { name: "a", x: 1, y: 2 }, { name: "b" }] },
    ],
    [
      "deletes an element",
      "Container",
      { env: [{ name: "a" }, { name: "b" }] },
      { env: [{ name: "a", $patch: "delete" }] },
      { env: [{ name: "b" }] },
    ],
    [
      "replaces a keyed list on request",
      "PodSpec",
      { volumes: [{ name: "a" }] },
      { volumes: [{ $patch: "replace" }, { name: "b" }] },
      { volumes: [{ name: "b" }] },
    ],
    [
      "replaces tolerations whole",
      "PodSpec",
      { tolerations: [{ key: "a" }] },
      { tolerations: [{ key: "b" }] },
      { tolerations: [{ key: "b" }] },
    ],
    [
      "merges finalizers as a set, and drops those that the patch deletes",
      "ObjectMeta",
      { finalizers: ["a", "b"] },
      { "$deleteFromPrimitiveList/finalizers": ["a"], finalizers: ["c", "b"] },
      { finalizers: ["c", "b"] },
    ],
    [
      "distinguishes container ports from service ports",
      "ServiceSpec",
      { ports: [{ port: 80, name: "a" }] },
      { ports: [{ port: 80, targetPort: 8080 }] },
      { ports: [{ port: 80, name: "a", targetPort: 8080 }] },
    ],
    [
      "retains only the keys named",
      "PodSpec",
      { strategy: { type: "a", old: 1 } },
      { strategy: { $retainKeys: ["type"], type: "b" } },
      { strategy: { type: "b" } },
    ],
  ];
  for (const [name, kind, target, patch, expected] of cases) {
    it(name, () => {
      assert.deepEqual(strategicMergePatch(target, patch, kind), expected);
    });
  }
});
