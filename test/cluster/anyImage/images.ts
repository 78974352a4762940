import { copyFileSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { runTool } from "../support/runTool.ts";
import { cacheFolder } from "../../support/cacheFolder.ts";
import { debianSuite, packageMirror } from "../../support/packageMirror.ts";

/** Root file systems that differ in what an SSH server could depend on. */
export type ImageKind = "debian" | "busybox" | "musl" | "empty";

/** A folder with such a root file system, created once in the user's cache and never changed. */
export async function imageFolder(kind: ImageKind): Promise<string> {
  const builders = {
    debian: buildDebian,
    busybox: buildBusybox,
    musl: buildMusl,
    empty: buildEmpty,
  };
  const folder = cacheFolder(`images/${kind}-${VERSION}`);
  if (existsSync(folder)) return folder;
  const temporary = `${folder}.${String(process.pid)}`;
  mkdirSync(temporary, { recursive: true });
  try {
    await builders[kind](temporary);
    await rename(temporary, folder);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw error;
  }
  return folder;
}

/** Change this when the content of an image changes. */
const VERSION = "2";

/** glibc, bash, zsh, accounts, rsync and an SSH client; no SSH server. */
async function buildDebian(folder: string): Promise<void> {
  const suite = debianSuite();
  const options = ["--variant=minbase", "--include=rsync,openssh-client,zsh"];
  const made = await runTool("debootstrap", [...options, suite, folder, packageMirror(suite)], {
    timeoutMs: 900_000,
  });
  if (made.code !== 0) throw new Error(`debootstrap failed: ${made.stdout.slice(-2_000)}`);
}

/** No glibc, no bash, no accounts: one static program, linked under the names of its tools. */
async function buildBusybox(folder: string): Promise<void> {
  mkdirSync(join(folder, "bin"));
  mkdirSync(join(folder, "tmp"), { mode: 0o777 });
  const source = programOnPath("busybox");
  copyFileSync(source, join(folder, "bin/busybox"));
  const { stdout } = await runTool(source, ["--list"]);
  for (const name of stdout.split("\n")) {
    if (name !== "" && name !== "busybox") symlinkSync("busybox", join(folder, "bin", name));
  }
}

/** Another libc, and an account whose shell is linked against it, like Alpine. */
async function buildMusl(folder: string): Promise<void> {
  await buildBusybox(folder);
  for (const name of ["lib", "etc", "root"]) mkdirSync(join(folder, name));
  const source = join(import.meta.dirname, "muslShell.c");
  const shell = join(folder, "bin/musl-shell");
  const made = await runTool("musl-gcc", ["-Wall", "-Werror", "-O2", "-o", shell, source]);
  if (made.code !== 0) throw new Error(`cannot build the shell: ${made.stderr}`);
  // With musl, the libc is also the dynamic loader.
  const libc = /interpreter: ([^\]\s]+)/.exec(
    (await runTool("readelf", ["-l", shell])).stdout,
  )?.[1];
  if (libc === undefined) throw new Error("the shell is not dynamically linked against musl");
  copyFileSync(libc, join(folder, libc));
  writeFileSync(join(folder, "etc/passwd"), "root:x:0:0:root:/root:/bin/musl-shell\n");
}

/** Nothing, like the images of statically linked programs. */
async function buildEmpty(): Promise<void> {
  // The folder is the image.
}

function programOnPath(name: string): string {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  return folders.map((folder) => join(folder, name)).find(existsSync) ?? name;
}
