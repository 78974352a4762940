import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { buildProgram } from "../../../cli/src/main.ts";
import { programName, withProgramName } from "../../../cli/src/output/programName.ts";
import { makeTempDir, type TempDir } from "../../support/tempDir.ts";

describe("the program that hints name", () => {
  let dir: TempDir;
  before(async () => {
    dir = await makeTempDir("path");
    for (const folder of ["bin", "node_modules/.bin"]) {
      await mkdir(join(dir.path, folder), { recursive: true });
      await writeFile(join(dir.path, folder, "gpu-dev"), "", { mode: 0o755 });
    }
  });
  after(() => dir.remove());

  it("is gpu-dev if the PATH has it, otherwise what the user called", () => {
    const installed = { PATH: `/nowhere:${join(dir.path, "bin")}` };
    assert.equal(programName(installed, "/x/gpu-dev.js"), "gpu-dev");
    const inCheckout = { PATH: join(dir.path, "node_modules/.bin"), npm_command: "exec" };
    assert.equal(programName(inCheckout, "/x/node_modules/.bin/gpu-dev"), "npx gpu-dev");
    assert.equal(programName({ PATH: "/nowhere" }, "/x/.bin/gpu-dev"), "/x/.bin/gpu-dev");
    assert.equal(programName({}, "/my files/gpu-dev"), '"/my files/gpu-dev"');
  });

  it("replaces gpu-dev before the name of every command, and nowhere else", () => {
    for (const command of buildProgram().commands) {
      if (["explain", "complete"].includes(command.name())) continue; // Only programs run them.
      const hint = `Run "gpu-dev ${command.name()}".`;
      assert.equal(withProgramName(hint, "npx gpu-dev"), `Run "npx gpu-dev ${command.name()}".`);
    }
    for (const text of ["ssh gpu-dev-demo", "/usr/bin/gpu-dev list", "~/.gpu-dev list"]) {
      assert.equal(withProgramName(text, "npx gpu-dev"), text);
    }
  });
});
