import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { symlinkSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { runTool } from "../support/runTool.ts";
import { cacheFolder } from "../../support/cacheFolder.ts";

/** What the root file system of an image has in it, as far as an SSH server could miss it. */
export type ImageKind = "debian" | "busybox" | "musl" | "empty";

/** A folder with such a root file system, made once and kept in the user's cache. Nobody writes into it. */
export async function imageFolder(kind: ImageKind): Promise<string> {
  const makers = { debian: makeDebian, busybox: makeBusybox, musl: makeMusl, empty: makeEmpty };
  const folder = cacheFolder(`images/${kind}-${VERSION}`);
  if (existsSync(folder)) return folder;
  const made = `${folder}.${String(process.pid)}`;
  mkdirSync(made, { recursive: true });
  try {
    await makers[kind](made);
    await rename(made, folder);
  } catch (error) {
    await rm(made, { recursive: true, force: true });
    throw error;
  }
  return folder;
}

/** Another one where what is in them changes. */
const VERSION = "2";

/** glibc, bash, zsh, accounts; no SSH server. rsync and an SSH client, as what users bring. */
async function makeDebian(folder: string): Promise<void> {
  const suite = /^VERSION_CODENAME=(\w+)$/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1];
  if (suite === undefined) throw new Error("/etc/os-release names no release of Debian");
  const options = ["--variant=minbase", "--include=rsync,openssh-client,zsh"];
  const made = await runTool("debootstrap", [...options, suite, folder, packageMirror(suite)], {
    timeoutMs: 900_000,
  });
  if (made.code !== 0) throw new Error(`debootstrap failed: ${made.stdout.slice(-2_000)}`);
}

/** No glibc, no bash, no accounts: one static program under the names of its tools. */
async function makeBusybox(folder: string): Promise<void> {
  mkdirSync(join(folder, "bin"));
  mkdirSync(join(folder, "tmp"), { mode: 0o777 });
  const source = programOnPath("busybox");
  copyFileSync(source, join(folder, "bin/busybox"));
  const { stdout } = await runTool(source, ["--list"]);
  for (const name of stdout.split("\n")) {
    if (name !== "" && name !== "busybox") symlinkSync("busybox", join(folder, "bin", name));
  }
}

/** Another libc, and an account whose shell is linked against it: what Alpine is, as far as a server could notice. */
async function makeMusl(folder: string): Promise<void> {
  await makeBusybox(folder);
  for (const name of ["lib", "etc", "root"]) mkdirSync(join(folder, name));
  const source = join(import.meta.dirname, "muslShell.c");
  const shell = join(folder, "bin/musl-shell");
  const made = await runTool("musl-gcc", ["-Wall", "-Werror", "-O2", "-o", shell, source]);
  if (made.code !== 0) throw new Error(`the shell can't be built: ${made.stderr}`);
  // The name of the libc, and of what starts programs that use it: one file.
  const libc = /interpreter: ([^\]\s]+)/.exec(
    (await runTool("readelf", ["-l", shell])).stdout,
  )?.[1];
  if (libc === undefined) throw new Error("the shell is not linked against musl dynamically");
  copyFileSync(libc, join(folder, libc));
  writeFileSync(join(folder, "etc/passwd"), "root:x:0:0:root:/root:/bin/musl-shell\n");
}

/** Nothing: what a program that is linked statically is shipped in. */
async function makeEmpty(): Promise<void> {
  // The folder is all of it.
}

/** Where this machine's own packages come from. */
function packageMirror(suite: string): string {
  const folder = "/etc/apt/sources.list.d";
  const files = ["/etc/apt/sources.list", ...listed(folder).map((name) => join(folder, name))];
  for (const text of files.filter(existsSync).map((path) => readFileSync(path, "utf8"))) {
    const line = new RegExp(`^deb (?:\\[.*?\\] )?(\\S+) ${suite} .*\\bmain\\b`, "m").exec(
      text,
    )?.[1];
    if (line !== undefined) return line;
    for (const part of text.split(/\n\s*\n/)) {
      const suites = /^Suites: *(.*)$/m.exec(part)?.[1]?.split(" ") ?? [];
      const uri = /^URIs: *(\S+)/m.exec(part)?.[1];
      if (suites.includes(suite) && uri !== undefined) return uri;
    }
  }
  throw new Error(`no source in /etc/apt has ${suite}`);
}

function listed(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}

function programOnPath(name: string): string {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  return folders.map((folder) => join(folder, name)).find(existsSync) ?? name;
}
