import assert from "node:assert/strict";
import { labelMatcher } from "../../../dev-cluster/src/kube/selectors.ts";
import { parseFleet } from "../../../dev-cluster/src/fleet/fleetFile.ts";
import { parseQuantity } from "../../../dev-cluster/src/kube/quantity.ts";
import { tolerates } from "../../../dev-cluster/src/resources/pod.ts";

describe("label selectors", () => {
  const labels = { app: "a", tier: "web" };
  const table: [string, boolean][] = [
    ["", true],
    ["app=a", true],
    ["app==a,tier!=db", true],
    ["app=b", false],
    ["app in (a, b),tier", true],
    ["app notin (a,b)", false],
    ["other notin (x)", true],
    ["other!=x", true],
    ["!other", true],
    ["! app", false],
    ["other", false],
  ];
  for (const [selector, expected] of table) {
    it(`"${selector}" is ${String(expected)}`, () => {
      assert.equal(labelMatcher(selector)(labels), expected);
    });
  }
  for (const selector of ["a=b=c", "in (a)", "a in b", "=a"]) {
    it(`"${selector}" is refused`, () => {
      assert.throws(() => labelMatcher(selector), { code: 400 });
    });
  }
});

describe("quantities", () => {
  const table: [string | number, number | undefined][] = [
    ["500m", 0.5],
    ["2Gi", 2 * 2 ** 30],
    ["1e3", 1000],
    ["2E", 2e18],
    ["1.5k", 1500],
    [8, 8],
    ["", undefined],
    ["1 Gi", undefined],
    ["lots", undefined],
  ];
  for (const [text, expected] of table) {
    it(`"${String(text)}" is ${String(expected)}`, () => {
      assert.equal(parseQuantity(text), expected);
    });
  }
});

describe("tolerations", () => {
  const taint = { key: "k", value: "v", effect: "NoSchedule" };
  it("match by key, value, effect, or by existence", () => {
    assert.ok(tolerates([{ key: "k", value: "v" }], taint));
    assert.ok(tolerates([{ key: "k", operator: "Exists" }], taint));
    assert.ok(tolerates([{ operator: "Exists" }], taint));
    assert.equal(tolerates([{ key: "k", value: "w" }], taint), undefined);
    assert.equal(tolerates([{ key: "k", value: "v", effect: "NoExecute" }], taint), undefined);
    assert.equal(tolerates([{ value: "v" }], taint), undefined);
    assert.equal(tolerates(undefined, taint), undefined);
  });
});

describe("fleet", () => {
  const node = {
    name: "a",
    type: "h100",
    zone: "z",
    instanceType: "i",
    cpus: 1,
    memoryGib: 1,
    gpus: 8,
    resource: "nvidia.com/gpu",
    gpuModel: "m",
  };
  it("takes nodes, and fills in what has a default", () => {
    const fleet = parseFleet({ nodes: [node] }, "here");
    assert.equal(fleet.nodes[0]?.pods, 110);
    assert.equal(fleet.images[0]?.program, "ssh-workspace");
  });
  it("lists every problem and the file", () => {
    const nodes = [
      { ...node, cpus: 0 },
      { ...node, resource: null },
      { ...node, extra: 1 },
    ];
    assert.throws(
      () => parseFleet({ nodes }, "fleet.yaml"),
      /fleet\.yaml(?=[^]*nodes\[0\]\.cpus)(?=[^]*nodes\[2\])/,
    );
    assert.throws(() => parseFleet({ nodes: [node, node] }, "f"), /same name/);
  });
});
