import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** The paths of all files that git tracks or would track, relative to the root. */
export function repositoryFiles(): string[] {
  const list = ["ls-files", "--cached", "--others", "--exclude-standard", "--deduplicate", "-z"];
  const listed = execFileSync("git", list, { cwd: ROOT, encoding: "utf8" }).split("\0");
  const deleted = execFileSync("git", ["ls-files", "--deleted", "-z"], { cwd: ROOT });
  const removed = new Set(deleted.toString().split("\0"));
  return listed.filter((path) => path !== "" && !removed.has(path)).sort();
}

export function sourceFiles(): string[] {
  return repositoryFiles().filter((path) => /\.[cm]?[jt]s$/.test(path));
}

export function read(path: string): string {
  return readFileSync(`${ROOT}${path}`, "utf8");
}
