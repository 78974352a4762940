import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/**
 * A folder in the user's cache, for results that are slow to build. The name determines the
 * content.
 */
export function cacheFolder(name: string): string {
  return join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "gpu-dev", name);
}

/**
 * A folder for each content of `files` (paths) and each platform, so that the result is rebuilt
 * when an input changes. `more` is any other input.
 */
export function hashedCacheFolder(name: string, files: readonly string[], more = ""): string {
  const hash = createHash("sha256").update(`${process.platform}/${process.arch}${more}`);
  for (const file of files) hash.update(readFileSync(file));
  return cacheFolder(`${name}-${hash.digest("hex").slice(0, 16)}`);
}
