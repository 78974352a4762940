import assert from "node:assert/strict";
import { loadCatalogue } from "../../../control-plane/src/catalogueFile.ts";
import {
  CatalogueInvalid,
  findType,
  parseCatalogue,
  shareOfNode,
} from "../../../control-plane/src/domain/catalogue.ts";

describe("the catalogue", () => {
  it("is read with its merge keys and contains every type of the fleet", async () => {
    const catalogue = await loadCatalogue();
    assert.deepEqual(
      catalogue.types.map((type) => type.id),
      ["b200", "h200", "h100", "a100", "a10g", "l4", "t4", "cpu-x86"],
    );
    assert.equal(findType(catalogue, "h100")?.startBudgetSeconds, 600);
  });

  it("reports every problem at once", async () => {
    const catalogue = await loadCatalogue();
    const [first] = catalogue.types;
    assert.ok(first);
    const broken = {
      ...catalogue,
      types: [first, { ...first, counts: [16] }],
      images: catalogue.images.map((image) => ({ ...image, default: false })),
    };
    assert.throws(
      () => parseCatalogue(broken),
      (error: CatalogueInvalid) => {
        assert.deepEqual(error.problems, [
          `the type "${first.id}" is listed twice; remove one`,
          `${first.id}: 16 GPUs do not fit on a node of this type, which has 8`,
          "exactly one image must be the default, but 0 are",
        ]);
        return error instanceof CatalogueInvalid;
      },
    );
  });

  it("never gives the pods of a full node more than the node has, in any combination of sizes", async () => {
    for (const type of (await loadCatalogue()).types) {
      const units = type.kind === "gpu" ? type.node.gpus : type.slotsPerNode;
      const single = shareOfNode(type, 1);
      assert.ok(single.cpus * units <= type.node.cpus, type.id);
      assert.ok(single.memoryGib * units <= type.node.memoryGib, type.id);
    }
  });
});
