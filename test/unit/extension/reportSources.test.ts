import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { realFileSystem } from "@gpu-dev/client/ssh/fileSystem.ts";
import { createLogTail, formatErrorChain } from "../../../extension/src/report/reportLog.ts";
import { readSshFiles } from "../../../extension/src/report/sshFiles.ts";
import { makeTempDir, type TempDir } from "../../support/tempDir.ts";
import { NOW } from "./treeFixtures.ts";

const at = NOW.toISOString();

describe("the sources of a report", () => {
  let temp: TempDir;
  before(async () => {
    temp = await makeTempDir("report");
  });
  after(() => temp.remove());

  it("include the newest 200 log lines with level and time", () => {
    const tail = createLogTail({ now: () => NOW });
    for (let n = 0; n < 205; n += 1) tail.add("info", `line ${String(n)}`);
    const lines = tail.lines();
    assert.equal(lines.length, 200);
    assert.equal(lines[0], `${at} [info] line 5`);
    assert.equal(lines.at(-1), `${at} [info] line 204`);
  });

  it("include the newest errors even after hundreds of other lines", () => {
    const tail = createLogTail({ now: () => NOW });
    for (let n = 0; n < 25; n += 1) tail.add("error", `error ${String(n)}`);
    for (let n = 0; n < 300; n += 1) tail.add("debug", "noise");
    const errors = tail.errors();
    assert.equal(errors.length, 20);
    assert.equal(errors[0], `${at} [error] error 5`);
    assert.ok(!tail.lines().some((line) => line.includes("[error]")));
  });

  it("include an error with all its causes, up to a limit if they form a cycle", () => {
    const cause = new Error("inner");
    const text = formatErrorChain(new Error("outer", { cause }));
    assert.match(text, /^Error: outer\n[^]*\ncaused by: Error: inner\n/);
    cause.cause = cause;
    assert.equal(formatErrorChain(cause).match(/caused by/g)?.length, 15);
    assert.equal(formatErrorChain("words"), "words");
    assert.equal(formatErrorChain({ code: 1 }), '{"code":1}');
    assert.equal(formatErrorChain(1n), "(a value that cannot be formatted)");
  });

  it("include the generated SSH files, truncated if long, and never a key", async () => {
    const dir = join(temp.path, "ssh");
    const source = { fs: realFileSystem, platform: process.platform, dir };
    assert.deepEqual(await readSshFiles(source), []);
    await mkdir(join(dir, "folder.conf"), { recursive: true });
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
      ["a.conf", "a.hosts.json", "a.known_hosts", "config", "folder.conf"],
    );
    assert.equal(files[0]?.text, `${"x".repeat(20_000)}\n(truncated)`);
    assert.equal(files[3]?.text, "config");
    assert.match(files[4]?.text ?? "", /^could not be read: /);
  });
});
