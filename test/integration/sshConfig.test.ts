import assert from "node:assert/strict";
import { chmod, link, lstat, mkdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { realFileSystem, type SshFileSystem } from "@gpu-dev/client/ssh/fileSystem.ts";
import {
  disableInclude,
  enableInclude,
  hasInclude,
  readInclude,
} from "@gpu-dev/client/ssh/userConfig.ts";
import { requireTool, skipBecause } from "../support/requireTool.ts";
import { runClient } from "../support/sshClient.ts";
import { makeTempDir, type TempDir } from "../support/tempDir.ts";

const BIN = fileURLToPath(new URL("../../cli/bin/gpu-dev.js", import.meta.url));

describe("the user's ssh config file", () => {
  let dir: TempDir;
  let path: string;
  beforeEach(async () => {
    dir = await makeTempDir("sshconfig");
    await mkdir(join(dir.path, ".ssh"));
    path = join(dir.path, ".ssh", "config");
  });
  afterEach(() => dir.remove());

  const config = (fs: SshFileSystem = realFileSystem, at = path) => ({
    fs,
    platform: process.platform,
    path: at,
    includePath: join(dir.path, ".gpu-dev", "ssh", "config"),
  });
  const modeOf = async (file: string) => (await stat(file)).mode & 0o777;

  it("N3: a missing file is created 0600 in a 0700 folder, and deleted with the block", async () => {
    const at = join(dir.path, "new", "config");
    assert.equal(await enableInclude(config(realFileSystem, at)), "added");
    assert.deepEqual([await modeOf(at), await modeOf(join(dir.path, "new"))], [0o600, 0o700]);
    assert.equal(await disableInclude(config(realFileSystem, at)), "removed");
    await assert.rejects(stat(at), { code: "ENOENT" });
  });

  it("N3: mode and bytes are kept, a second run changes nothing, removal restores the file", async () => {
    const before = Buffer.from("\ufeffHost *\r\n  User caf\u00e9 $& $1\r\n# \u00ff\r\n", "latin1");
    await writeFile(path, before);
    await chmod(path, 0o640);
    assert.equal(await enableInclude(config()), "added");
    const written = await readFile(path);
    assert.equal(await modeOf(path), 0o640);
    assert.equal(await enableInclude(config()), "already");
    assert.deepEqual(await readFile(path), written);
    await disableInclude(config());
    assert.deepEqual(await readFile(path), before);
  });

  it("N3: a symbolic link stays one and its target is written, even if the target is missing", async () => {
    const target = join(dir.path, "dotfiles");
    await symlink("../dotfiles", path);
    assert.equal(await enableInclude(config()), "added");
    assert.ok((await lstat(path)).isSymbolicLink());
    assert.match(await readFile(target, "utf8"), /Include/);
    await writeFile(target, "Host a\n");
    await enableInclude(config());
    assert.match(await readFile(target, "utf8"), /Include[^]*Host a\n$/);
    assert.ok((await lstat(path)).isSymbolicLink());
  });

  it("N3: a link into a missing folder, or to itself, is refused", async () => {
    await symlink("/nowhere-at-all/config", path);
    await assert.rejects(enableInclude(config()), /folder does not exist/);
    const loop = join(dir.path, "loop");
    await symlink(loop, loop);
    await assert.rejects(
      enableInclude(config(realFileSystem, loop)),
      /can't be read|leads back to itself/,
    );
  });

  it("N3: a read-only file is left unchanged", async () => {
    await writeFile(path, "Host a\n", { mode: 0o400 });
    await assert.rejects(enableInclude(config()), /is read-only/);
    assert.equal(await readFile(path, "utf8"), "Host a\n");
  });

  it("N3: an unreadable file is not treated as empty", async () => {
    await writeFile(path, "Host a\n");
    const denied = Object.assign(new Error("denied"), { code: "EACCES" });
    const fs = { ...realFileSystem, readFile: () => Promise.reject(denied) };
    await assert.rejects(enableInclude(config(fs)), /can't be read \(EACCES\)/);
    assert.equal(await readFile(path, "utf8"), "Host a\n");
  });

  it("N3: a folder in its place, and UTF-16, are refused", async () => {
    await mkdir(path);
    await assert.rejects(enableInclude(config()), /is a folder/);
    const utf16 = join(dir.path, "utf16");
    await writeFile(utf16, Buffer.from("Host a\n", "utf16le"));
    await assert.rejects(enableInclude(config(realFileSystem, utf16)), /NUL bytes/);
  });

  it("N3: malformed markers are refused and the file is unchanged", async () => {
    const text = "# >>> gpu-dev >>>\nHost a\n";
    await writeFile(path, text);
    await assert.rejects(enableInclude(config()), /marker lines/);
    await assert.rejects(disableInclude(config()), /marker lines/);
    assert.equal(await readFile(path, "utf8"), text);
  });

  it("N3: a block inside a Host block is moved to the front", async () => {
    await enableInclude(config());
    const block = await readFile(path, "utf8");
    await writeFile(path, `Host other\n  Port 1\n${block}`);
    assert.equal((await readInclude(config())).kind, "present");
    assert.equal(await enableInclude(config()), "moved-first");
    assert.equal(await readFile(path, "utf8"), `${block}Host other\n  Port 1\n`);
  });

  it("N3: the block of another GPU_DEV_HOME is not ours", async () => {
    await enableInclude(config());
    assert.equal(await hasInclude(config()), true);
    const other = { ...config(), includePath: join(dir.path, "other home", "ssh", "config") };
    assert.equal(await hasInclude(other), false);
    assert.equal(await enableInclude(other), "moved-first");
    assert.equal(await hasInclude(other), true);
    assert.equal(await hasInclude(config()), false);
  });

  it("N3: a simultaneous edit by another program is never lost", async () => {
    await writeFile(path, "Host a\n");
    let writes = 0;
    const fs: SshFileSystem = {
      ...realFileSystem,
      writeNew: async (...args) => {
        await realFileSystem.writeNew(...args);
        writes += 1;
        if (writes <= 2) await writeFile(path, `Host a\nHost other${String(writes)}\n`);
      },
    };
    assert.equal(await enableInclude(config(fs)), "added");
    assert.equal(writes, 3);
    assert.match(await readFile(path, "utf8"), /Include[^]*Host a\nHost other2\n$/);
  });

  it("N3: a full disk leaves the old file and no temporary file", async () => {
    await writeFile(path, "Host a\n");
    const full = Object.assign(new Error("full"), { code: "ENOSPC" });
    const fs = { ...realFileSystem, rename: () => Promise.reject(full) };
    await assert.rejects(enableInclude(config(fs)), /ENOSPC/);
    assert.equal(await readFile(path, "utf8"), "Host a\n");
    assert.deepEqual(await realFileSystem.readDirectory(join(dir.path, ".ssh")), ["config"]);
  });

  it("N3: a file with several names keeps them, and is written in place", async () => {
    const other = join(dir.path, "dotfiles");
    await writeFile(other, "Host a\n");
    await link(other, path);
    assert.equal(await enableInclude(config()), "added");
    assert.match(await readFile(other, "utf8"), /Include[^]*Host a\n$/);
    assert.equal((await stat(path)).nlink, 2);
    assert.equal(await disableInclude(config()), "removed");
    assert.equal(await readFile(other, "utf8"), "Host a\n");
    assert.deepEqual(await realFileSystem.readDirectory(join(dir.path, ".ssh")), ["config"]);
  });

  it("N3: a write in place that fails restores the file, and one that was cut off is named", async () => {
    await writeFile(path, "Host a\n");
    await link(path, join(dir.path, "dotfiles"));
    const full = Object.assign(new Error("full"), { code: "ENOSPC" });
    let writes = 0;
    const failsOnce: SshFileSystem = {
      ...realFileSystem,
      overwrite: async (file, content) => {
        writes += 1;
        await realFileSystem.overwrite(file, writes === 1 ? content.subarray(0, 5) : content);
        if (writes === 1) throw full;
      },
    };
    await assert.rejects(enableInclude(config(failsOnce)), /ENOSPC.*unchanged.*ssh -F/);
    assert.equal(await readFile(path, "utf8"), "Host a\n");
    const fails = { ...realFileSystem, overwrite: () => Promise.reject(full) };
    await assert.rejects(enableInclude(config(fails)), /may be incomplete.*config\.gpu-dev-copy/);
    assert.equal(await readFile(`${path}.gpu-dev-copy`, "utf8"), "Host a\n");
    await assert.rejects(enableInclude(config()), /left unchanged.*interrupted/);
  });

  it("N3: access lists and extended attributes stay", async function () {
    requireTool(this, "python3");
    await writeFile(path, "Host a\n", { mode: 0o600 });
    // An access list that lets the user with the id 12345 read.
    const entries = "(1,6,-1),(2,4,12345),(4,0,-1),(16,4,-1),(32,0,-1)";
    const list = `struct.pack('<I',2)+b''.join(struct.pack('<HHi',*e) for e in [${entries}])`;
    const python = (script: string) =>
      runClient("python3", ["-c", `import os,struct,sys; p=sys.argv[1]; ${script}`, path]);
    const set = await python(
      `os.setxattr(p,'user.note',b'mine'); os.setxattr(p,'system.posix_acl_access',${list})`,
    );
    if (set.code !== 0) skipBecause(this, `the file system has no attributes: ${set.stderr}`);
    assert.equal(await enableInclude(config()), "added");
    const show = "print(os.getxattr(p,'user.note'), os.getxattr(p,'system.posix_acl_access')==";
    const shown = await python(`${show}${list})`);
    assert.equal(shown.stdout, "b'mine' True\n", shown.stderr);
  });

  it("N3: a file that is a mount point is written in place", async function () {
    requireTool(this, "unshare", "mount");
    await writeFile(path, "Host a\n");
    const script = 'mount --bind "$1" "$1" && shift && exec "$@"';
    const set = (value: string) =>
      runClient(
        "unshare",
        ["-rm", "sh", "-c", script, "sh", path, process.execPath, BIN].concat([
          "config",
          "set",
          "ssh-include",
          value,
          "--yes",
        ]),
        { env: { HOME: dir.path } },
      );
    const enabled = await set("enable");
    assert.equal(enabled.code, 0, enabled.stderr);
    assert.match(await readFile(path, "utf8"), /Include[^]*Host a\n$/);
    const disabled = await set("disable");
    assert.equal(disabled.code, 0, disabled.stderr);
    assert.equal(await readFile(path, "utf8"), "Host a\n");
    assert.deepEqual(await realFileSystem.readDirectory(join(dir.path, ".ssh")), ["config"]);
  });
});
