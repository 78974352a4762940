import { createHash } from "node:crypto";
import { chmod, lstat, mkdir, readlink, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { StartError } from "../startError.ts";
import { canUse, type Account } from "./account.ts";

export interface Place {
  /** Private to PostgreSQL's account. */
  readonly home: string;
  /** A folder that this account can reach, for its programs when theirs is private. */
  readonly copyBinariesTo: string;
}

/**
 * The folder of the database: `postgres` in the data folder. When the database runs as another
 * account and a parent folder is private, that name is a link to a folder under /var/lib that the
 * account can reach.
 */
export async function placePostgres(dataFolder: string, account: Account): Promise<Place> {
  const inside = join(dataFolder, "postgres");
  // The account must pass through to its own folder; the other entries are private themselves.
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
    `PostgreSQL does not run as root, and the account "postgres" can't reach its data in ${folder}: a parent folder is private. ` +
      "Let the account pass through the parent folders (chmod o+x), or choose another folder with --data-dir.",
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
