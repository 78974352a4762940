import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { symlinkSync } from "node:fs";
import { delimiter, join } from "node:path";
import { runTool } from "../support/runTool.ts";
import { cacheFolder } from "./cacheFolder.ts";

/** What the root file system of an image has in it, as far as an SSH server could miss it. */
export type ImageKind = "debian" | "busybox" | "empty";

/** A folder with such a root file system, made once and kept in the user's cache. Nobody writes into it. */
export async function imageFolder(kind: ImageKind): Promise<string> {
  const makers = { debian: makeDebian, busybox: makeBusybox, empty: makeEmpty };
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
const VERSION = "1";

/** glibc, bash, accounts; no SSH server. rsync and an SSH client, as what users bring. */
async function makeDebian(folder: string): Promise<void> {
  const suite = /^VERSION_CODENAME=(\w+)$/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1];
  if (suite === undefined) throw new Error("/etc/os-release names no release of Debian");
  const options = ["--variant=minbase", "--include=rsync,openssh-client"];
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
