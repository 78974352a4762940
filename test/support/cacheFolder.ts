import { homedir } from "node:os";
import { join } from "node:path";

/** A folder in the user's cache, for what takes long to make and depends on its name alone. */
export function cacheFolder(name: string): string {
  return join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "gpu-dev", name);
}
