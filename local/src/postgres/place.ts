import { createHash } from "node:crypto";
import { chmod, lstat, mkdir, readlink, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { StartError } from "../startError.ts";
import { canUse, type Account } from "./account.ts";

export interface Place {
  /** Belongs to PostgreSQL's account alone. */
  readonly home: string;
  /** Reachable by that account: where its programs go when they lie in a private folder. */
  readonly copyBinariesTo: string;
}

/**
 * Where the database lies: `postgres` in the data folder. When root has lent it another account and a folder above
 * is private, that name is a link to a folder under /var/lib which the account can reach, so it is found again.
 */
export async function placePostgres(dataFolder: string, account: Account): Promise<Place> {
  const inside = join(dataFolder, "postgres");
  // Lets the account through to its own folder; everything else in the data folder is private by itself.
  if (account) await chmod(dataFolder, 0o711);
  const linked = await linkTarget(inside);
  if (linked !== null) return { home: linked, copyBinariesTo: dirname(linked) };
  if (canUse(account, "-x", dataFolder)) return { home: inside, copyBinariesTo: dataFolder };
  if (await exists(inside)) throw unreachable(inside);
  const outside = outsideFolder(dataFolder);
  await mkdir(outside, { recursive: true, mode: 0o711 });
  await chmod(outside, 0o711);
  if (!canUse(account, "-x", outside)) throw unreachable(outside);
  const home = join(outside, "postgres");
  await symlink(home, inside);
  return { home, copyBinariesTo: outside };
}

function outsideFolder(dataFolder: string): string {
  const id = createHash("sha256").update(dataFolder).digest("hex").slice(0, 12);
  return `/var/lib/gpu-dev-${id}`;
}

function unreachable(folder: string): StartError {
  return new StartError(
    "notWritable",
    `PostgreSQL does not run as root, and the account "postgres" can't reach its data in ${folder}: a folder above it is private. ` +
      "Open the folders above it for passing through (chmod o+x), or give another one with --data-dir.",
  );
}

async function linkTarget(path: string): Promise<string | null> {
  try {
    return await readlink(path);
  } catch {
    return null;
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch {
    return false;
  }
}
