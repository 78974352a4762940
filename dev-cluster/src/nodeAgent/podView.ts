import { existsSync, lstatSync, readdirSync, readlinkSync, statSync } from "node:fs";
import { dirname, join } from "node:path";

/** A directory or file system that appears in a pod at `target`. */
export interface Mount {
  /** `dir` and `ro` show the directory `source`; `tmpfs` is memory, its options in `source`. */
  readonly kind: "dir" | "ro" | "tmpfs";
  readonly source: string;
  readonly target: string;
}

/** Where the project's own files are inside a pod, at a path that no mount covers. */
export const OWN_ROOT = "/.gpu-dev";

/**
 * The lines for podInit.sh: an empty root with every entry of the machine's root, and the pod's own
 * mounts on top. Directories in which a mount point has to be created are rebuilt from links, so
 * that the machine's own files never change.
 */
export function viewLines(mounts: readonly Mount[], programs: readonly Mount[]): string {
  const rebuilt = directoriesToRebuild(mounts);
  const names = readdirSync("/").filter((name) => !rebuilt.includes(`/${name}`));
  const lines = names.flatMap((name) => rootEntry(name));
  for (const directory of rebuilt) lines.push(["names", directory, directory]);
  for (const { kind, source, target } of [...programs, ...byDepth(mounts)]) {
    lines.push([kind, source, target]);
  }
  lines.push(["file", process.execPath, join(OWN_ROOT, "node")]);
  for (const field of lines.flat()) {
    if (/[\t\n]/.test(field)) {
      throw new Error(
        `The path ${JSON.stringify(field)} can't be mounted: it contains a tab or a newline.`,
      );
    }
  }
  return `${lines.map((line) => line.join("\t")).join("\n")}\n`;
}

function rootEntry(name: string): string[][] {
  const path = `/${name}`;
  if (path === "/proc") return [["proc", "proc", path]];
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats?.isSymbolicLink() === true) return [["link", readlinkSync(path), path]];
  if (stats?.isDirectory() === true) return [["dir", path, path]];
  return [];
}

/** For each target that the machine lacks, its parents that the machine has. Outer ones first. */
function directoriesToRebuild(mounts: readonly Mount[]): string[] {
  const found = new Set<string>();
  for (const { target } of mounts) {
    if (isDirectory(target)) continue;
    for (let parent = dirname(target); parent !== "/"; parent = dirname(parent)) {
      if (existsSync(parent)) found.add(parent);
    }
  }
  return [...found].sort((a, b) => a.length - b.length);
}

/** `/home` before `/home/dev`, whatever the order in the pod. */
function byDepth(mounts: readonly Mount[]): Mount[] {
  return [...mounts].sort((a, b) => a.target.split("/").length - b.target.split("/").length);
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
