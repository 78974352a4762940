import { access, chmod, constants, mkdir, readFile, statfs, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createDevelopmentSecret } from "@gpu-dev/shared/developmentProof.ts";
import { StartError } from "../startError.ts";

const GIB = 1024 ** 3;
const MINIMUM_FREE_BYTES = GIB;

/**
 * The folder for everything that `npm start` stores; its entries are private to the user who
 * started it.
 */
export interface DataFolder {
  readonly path: string;
  readonly logs: string;
  readonly devCluster: string;
  readonly fleetFile: string;
  readonly secretFile: string;
}

/** Creates the folder and its fixed entries. Throws a StartError when it is not writable. */
export async function openDataFolder(path: string): Promise<DataFolder> {
  const folder = {
    path,
    logs: join(path, "logs"),
    devCluster: join(path, "dev-cluster"),
    fleetFile: join(path, "fleet.yaml"),
    secretFile: join(path, "development-secret"),
  };
  try {
    for (const entry of [path, folder.logs, folder.devCluster]) {
      await mkdir(entry, { recursive: true, mode: 0o700 });
      await access(entry, constants.W_OK | constants.X_OK);
      await chmod(entry, 0o700);
    }
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? "unknown";
    throw new StartError(
      "notWritable",
      `The data folder ${path} can't be written (${reason}). Choose another with --data-dir.`,
      { cause },
    );
  }
  return folder;
}

/** Refuses a nearly full disk, because PostgreSQL stops when it cannot write. */
export async function checkFreeSpace(path: string, minimum = MINIMUM_FREE_BYTES): Promise<void> {
  const { bavail, bsize } = await statfs(path);
  const free = bavail * bsize;
  if (free >= minimum) return;
  throw new StartError(
    "diskFull",
    `The disk of ${path} has ${inGib(free)} GiB free and needs ${inGib(minimum)} GiB. ` +
      "Free some space, or choose a folder on another disk with --data-dir.",
  );
}

/** Creates the secret of development sign-in. Only the user who started the server can read it. */
export async function ensureDevelopmentSecret(file: string): Promise<void> {
  const secret = `${createDevelopmentSecret()}\n`;
  try {
    await writeFile(file, secret, { mode: 0o600, flag: "wx" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    // A crash during the write leaves a truncated file.
    if ((await readFile(file, "utf8")).length !== secret.length) await writeFile(file, secret);
    await chmod(file, 0o600);
  }
}

function inGib(bytes: number): string {
  return (bytes / GIB).toFixed(1);
}
