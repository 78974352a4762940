import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { realFileSystem } from "@gpu-dev/client/ssh/sshFileSystem.ts";
import { errorChain } from "../../../extension/src/report/errorChain.ts";
import { createLogTail } from "../../../extension/src/report/logTail.ts";
import { readSshFiles } from "../../../extension/src/report/sshFiles.ts";
import { makeTempDir, type TempDir } from "../../support/tempDir.ts";
import { NOW } from "./treeFixtures.ts";

const at = NOW.toISOString();

describe("what a report is made of", () => {
  let temp: TempDir;
  before(async () => {
    temp = await makeTempDir("report");
  });
  after(() => temp.remove());

  it("the newest 200 lines of the log, with their level and time", () => {
    const tail = createLogTail({ now: () => NOW });
    for (let n = 0; n < 205; n += 1) tail.add("info", `line ${String(n)}`);
    const lines = tail.lines();
    assert.equal(lines.length, 200);
    assert.equal(lines[0], `${at} [info] line 5`);
    assert.equal(lines.at(-1), `${at} [info] line 204`);
  });

  it("the newest errors, though hundreds of lines came after them", () => {
    const tail = createLogTail({ now: () => NOW });
    for (let n = 0; n < 25; n += 1) tail.add("error", `error ${String(n)}`);
    for (let n = 0; n < 300; n += 1) tail.add("debug", "noise");
    const errors = tail.errors();
    assert.equal(errors.length, 20);
    assert.equal(errors[0], `${at} [error] error 5`);
    assert.ok(!tail.lines().some((line) => line.includes("[error]")));
  });

  it("an error with all its causes, also where they go in a circle", () => {
    const cause = new Error("inner");
    const text = errorChain(new Error("outer", { cause }));
    assert.match(text, /^Error: outer\n[^]*\ncaused by: Error: inner\n/);
    cause.cause = cause;
    assert.equal(errorChain(cause).match(/caused by/g)?.length, 7);
    assert.equal(errorChain("words"), "words");
    assert.equal(errorChain({ code: 1 }), '{"code":1}');
    assert.equal(errorChain(1n), "a value that can't be written");
  });

  it("the ssh files that we generated, cut where they are long, and never a key", async () => {
    const dir = join(temp.path, "ssh");
    const source = { fs: realFileSystem, platform: process.platform, dir };
    assert.deepEqual(await readSshFiles(source), []);
    await mkdir(join(dir, "odd.conf"), { recursive: true });
    for (const name of [
      "config",
      "a.known_hosts",
      "a.hosts.json",
      "id_ed25519",
      "id_ed25519.pub",
      "lock",
    ])
      await writeFile(join(dir, name), name);
    await writeFile(join(dir, "a.conf"), "x".repeat(30_000));
    const files = await readSshFiles(source);
    assert.deepEqual(
      files.map(({ name }) => name),
      ["a.conf", "a.hosts.json", "a.known_hosts", "config", "odd.conf"],
    );
    assert.equal(files[0]?.text, `${"x".repeat(20_000)}\n(cut here)`);
    assert.equal(files[3]?.text, "config");
    assert.match(files[4]?.text ?? "", /^can't be read: /);
  });
});
