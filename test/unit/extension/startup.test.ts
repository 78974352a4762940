import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { build, type Metafile, stop } from "esbuild";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const ENTRY = "extension/src/extension.ts";
/** What only a response, a sign-in or a command needs. */
const LATER = [
  /^node_modules\/zod\//,
  /^shared\/src\/api\/routes\.ts$/,
  /^client\/src\/signIn\/signIn\.ts$/,
  /^extension\/src\/reserve\/wizard\.ts$/,
];

/** The editor waits for the code that runs before `activate` returns. */
describe("the start of the extension", () => {
  after(stop);

  it("loads no schemas and no wizard before it is active", async () => {
    const { metafile } = await build({
      absWorkingDir: ROOT,
      entryPoints: [ENTRY],
      bundle: true,
      external: ["vscode"],
      platform: "node",
      format: "cjs",
      metafile: true,
      write: false,
    });
    const loaded = [...loadedAtOnce(metafile, ENTRY)];
    assert.ok(loaded.includes("extension/src/composition.ts"));
    for (const pattern of LATER) {
      assert.ok(
        Object.keys(metafile.inputs).some((path) => pattern.test(path)),
        `${String(pattern)} is part of the extension`,
      );
      assert.deepEqual(
        loaded.filter((path) => pattern.test(path)),
        [],
      );
    }
  });
});

/** The files that are reached without a dynamic import. */
function loadedAtOnce({ inputs }: Metafile, entry: string): Set<string> {
  const loaded = new Set([entry]);
  for (const path of loaded) {
    for (const { kind, path: imported } of inputs[path]?.imports ?? []) {
      if (kind !== "dynamic-import" && imported in inputs) loaded.add(imported);
    }
  }
  return loaded;
}
