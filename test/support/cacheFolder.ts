import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** A folder in the user's cache, for what takes long to make and depends on its name alone. */
export function cacheFolder(name: string): string {
  return join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "gpu-dev", name);
}

/**
 * Another folder for each content of `files` (paths) and each platform, so that a change of one is made anew and
 * nothing old is taken for it. `more`: what else the result depends on.
 */
export function hashedCacheFolder(name: string, files: readonly string[], more = ""): string {
  const hash = createHash("sha256").update(`${process.platform}/${process.arch}${more}`);
  for (const file of files) hash.update(readFileSync(file));
  return cacheFolder(`${name}-${hash.digest("hex").slice(0, 16)}`);
}
