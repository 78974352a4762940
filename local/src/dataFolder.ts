import { access, chmod, constants, mkdir, readFile, statfs, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createDevelopmentSecret } from "@gpu-dev/shared/developmentProof.ts";
import { StartError } from "./startError.ts";

const GIB = 1024 ** 3;
const MINIMUM_FREE_BYTES = GIB;

/** Everything that `npm start` keeps; each entry inside is private to the user who started it. */
export interface DataFolder {
  readonly path: string;
  readonly logs: string;
  readonly devCluster: string;
  readonly fleetFile: string;
  readonly secretFile: string;
}

/** Makes the folder and what it always holds. Throws a StartError when it can't be written. */
export async function openDataFolder(path: string): Promise<DataFolder> {
  const folder = {
    path,
    logs: join(path, "logs"),
    devCluster: join(path, "dev-cluster"),
    fleetFile: join(path, "fleet.yaml"),
    secretFile: join(path, "development-secret"),
  };
  try {
    for (const each of [path, folder.logs, folder.devCluster]) {
      await mkdir(each, { recursive: true, mode: 0o700 });
      await access(each, constants.W_OK | constants.X_OK);
      await chmod(each, 0o700);
    }
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? "unknown";
    throw new StartError(
      "notWritable",
      `The data folder ${path} can't be written (${reason}). Give another one with --data-dir.`,
      { cause },
    );
  }
  return folder;
}

/** Refuses to start on a disk that the database would fill: PostgreSQL stops dead when it can't write. */
export async function checkFreeSpace(path: string, minimum = MINIMUM_FREE_BYTES): Promise<void> {
  const { bavail, bsize } = await statfs(path);
  const free = bavail * bsize;
  if (free >= minimum) return;
  throw new StartError(
    "diskFull",
    `Only ${inGib(free)} GiB are free where ${path} lies, and ${inGib(minimum)} GiB are needed. ` +
      "Free some space, or give a folder on another disk with --data-dir.",
  );
}

/** What development sign-in is proven with: who can read this file is the user who started the server. */
export async function ensureDevelopmentSecret(file: string): Promise<void> {
  const secret = `${createDevelopmentSecret()}\n`;
  try {
    await writeFile(file, secret, { mode: 0o600, flag: "wx" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    // A crash while it was written left a part of it.
    if ((await readFile(file, "utf8")).length !== secret.length) await writeFile(file, secret);
    await chmod(file, 0o600);
  }
}

function inGib(bytes: number): string {
  return (bytes / GIB).toFixed(1);
}
