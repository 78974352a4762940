import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { requireTool } from "../support/requireTool.ts";
import { makeTempDir, type TempDir } from "../support/tempDir.ts";
import { runCli } from "./cliUnderTest.ts";

/** What a shell does on Tab: sets the words, calls the function, and shows COMPREPLY. */
const TAB = `
source "$1"; shift
COMP_WORDS=(gpu-dev "$@")
COMP_CWORD=$#
_gpu_dev
printf '%s\\n' "\${COMPREPLY[@]}"`;

describe("shell completion in a real bash", function () {
  this.timeout(30_000);
  let dir: TempDir;
  let script: string;

  before(async function () {
    requireTool(this, "bash");
    dir = await makeTempDir("cli");
    script = join(dir.path, "gpu-dev.bash");
    const place = { server: "http://127.0.0.1:1", home: dir.path };
    const printed = await runCli(place, "completion", "bash");
    assert.equal(printed.code, 0, printed.err);
    await writeFile(script, printed.out);
  });
  after(async () => {
    await dir.remove();
  });

  const complete = (...words: string[]) =>
    execFileSync("bash", ["--norc", "-c", TAB, "bash", script, ...words], { encoding: "utf8" })
      .trim()
      .split("\n");

  it("parses", () => {
    execFileSync("bash", ["-n", script]);
  });

  it("completes commands, their commands, options and values", () => {
    assert.deepEqual(complete("res"), ["reserve"]);
    assert.deepEqual(complete("lo").sort(), ["login", "logout", "logs"]);
    assert.deepEqual(complete("reserve", "--gpu"), ["--gpu-type", "--gpus"]);
    assert.deepEqual(complete("disk", "l"), ["list"]);
    assert.deepEqual(complete("config", "set", "ssh"), ["ssh-include"]);
    assert.deepEqual(complete("completion", "f"), ["fish"]);
    assert.deepEqual(complete("list", "--js"), ["--json"]);
    assert.deepEqual(complete("nonsense-that-no-command-has"), [""]);
  });
});
