import assert from "node:assert/strict";
import { jsonPatch } from "../../../dev-cluster/src/patch/jsonPatch.ts";
import { mergePatch } from "../../../dev-cluster/src/patch/mergePatch.ts";
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
    it(`can't remove ${path}`, () => {
      assert.throws(() => jsonPatch({ a: [1] }, [{ op: "remove", path }]), { code: 422 });
    });
  }
});

describe("merge patch", () => {
  it("merges maps, replaces lists and removes what is null", () => {
    const target = { a: { b: 1, c: 2 }, list: [1, 2], gone: 1 };
    const patch = { a: { c: null, d: 3 }, list: [3], gone: null };
    assert.deepEqual(mergePatch(target, patch), { a: { b: 1, d: 3 }, list: [3] });
  });
});

describe("strategic merge patch", () => {
  const cases: [string, string, object, object, object][] = [
    [
      "merges by key; what is new comes first, what is not named stays behind it",
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
      "replaces a keyed list where told to",
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
      "joins finalizers, and drops those named",
      "ObjectMeta",
      { finalizers: ["a", "b"] },
      { "$deleteFromPrimitiveList/finalizers": ["a"], finalizers: ["c", "b"] },
      { finalizers: ["c", "b"] },
    ],
    [
      "knows container ports from service ports",
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
