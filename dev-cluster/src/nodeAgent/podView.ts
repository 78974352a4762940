import {
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import type { PodUser } from "./containment.ts";

/** A directory or file system that appears in a pod at `target`. */
export interface Mount {
  /** `dir` and `ro` show the directory `source`; `tmpfs` is memory, its options in `source`. */
  readonly kind: "dir" | "ro" | "tmpfs";
  readonly source: string;
  readonly target: string;
}

/** Folders of the machine that a pod has empty: they hold what belongs to other people. */
const PRIVATE_FOLDERS = ["/home", "/root"];
/** Folders that each pod has for itself, on disk. */
const TEMPORARY_FOLDERS = ["/tmp", "/var/tmp"];

export interface PodView {
  readonly mounts: readonly Mount[];
  /** The project's own directories. */
  readonly programs: readonly Mount[];
  /** Folders that the pod must not see. */
  readonly hidden: readonly string[];
  /** The pod's directory on the machine. */
  readonly directory: string;
  readonly user?: PodUser | undefined;
}

/** Where the project's own files are inside a pod, at a path that no mount covers. */
export const OWN_ROOT = "/.gpu-dev";

/**
 * The lines for podInit.sh: an empty root with every entry of the machine's root, and the pod's own
 * mounts on top. Directories in which a mount point has to be created are rebuilt from links, so
 * that the machine's own files never change.
 */
export function viewLines({ mounts, programs, hidden, directory, user }: PodView): string {
  const rebuilt = directoriesToRebuild(mounts);
  const names = readdirSync("/").filter((name) => !rebuilt.includes(`/${name}`));
  const lines = names.flatMap((name) => rootEntry(name));
  for (const directory of rebuilt) lines.push(["names", directory, directory]);
  // Before the pod's own mounts, whose sources are on the machine and stay reachable.
  for (const folder of hidden) {
    if (existsSync(folder)) lines.push(["hide", "-", realpathSync(folder)]);
  }
  for (const folder of TEMPORARY_FOLDERS) {
    lines.push(["temporary", join(directory, "temporary", folder), folder]);
  }
  if (user !== undefined && rebuilt.includes("/etc")) lines.push(...accountLines(directory, user));
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
  if (PRIVATE_FOLDERS.includes(path)) return [["tmpfs", "mode=755", path]];
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
      if (!isPrivate(parent) && existsSync(parent)) found.add(parent);
    }
  }
  return [...found].sort((a, b) => a.length - b.length);
}

/** Whether a folder of the machine is not in a pod. */
export function isPrivate(path: string): boolean {
  const empty = [...PRIVATE_FOLDERS, ...TEMPORARY_FOLDERS];
  return empty.some((folder) => path === folder || path.startsWith(`${folder}/`));
}

/** The machine's accounts and the pod's own, so that programs find its name and home. */
function accountLines(directory: string, { uid, gid }: PodUser): string[][] {
  const own = {
    passwd: `dev:x:${String(uid)}:${String(gid)}::/home/dev:/bin/bash\n`,
    group: `dev:x:${String(gid)}:\n`,
  };
  return Object.entries(own).map(([name, line]) => {
    const file = join(directory, name);
    writeFileSync(file, readFileSync(`/etc/${name}`, "utf8") + line, { mode: 0o644 });
    return ["replace", file, `/etc/${name}`];
  });
}

/** `/home` before `/home/dev`, whatever the order in the pod. */
function byDepth(mounts: readonly Mount[]): Mount[] {
  return [...mounts].sort((a, b) => a.target.split("/").length - b.target.split("/").length);
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
