import { execFile, spawnSync } from "node:child_process";
import { promisify } from "node:util";
import { StartError } from "../startError.ts";

const run = promisify(execFile);
const NAME = "postgres";

/** Who PostgreSQL's processes run as: null is the user who started us, which is every user but root. */
export type Account = { readonly uid: number; readonly gid: number } | null;

/** PostgreSQL refuses to run as root, so root lends it the system account `postgres`, made when it is missing. */
export async function postgresAccount(): Promise<Account> {
  if (process.getuid?.() !== 0) return null;
  return (await lookUp()) ?? (await create());
}

/** Asks the kernel, as that account: only this sees every parent folder, ACL and mount option. */
export function canUse(account: Account, test: "-x" | "-r", path: string): boolean {
  const command = ["-c", `test ${test} "$1"`, "sh", path];
  const options = { cwd: "/", stdio: "ignore", ...account } as const;
  return spawnSync("/bin/sh", command, options).status === 0;
}

async function lookUp(): Promise<Account> {
  try {
    const [uid, gid] = await Promise.all([run("id", ["-u", NAME]), run("id", ["-g", NAME])]);
    return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  } catch {
    return null;
  }
}

async function create(): Promise<Account> {
  try {
    const shell = ["--no-create-home", "--home-dir", "/nonexistent", "--shell", "/bin/false"];
    await run("useradd", ["--system", "--user-group", ...shell, NAME]);
  } catch (cause) {
    throw new StartError(
      "missingTool",
      `PostgreSQL does not run as root, and the account "${NAME}" to run it as could not be made with useradd. ` +
        "Run npm start as an ordinary user, make that account, or give a database with --database-url.",
      { cause },
    );
  }
  return lookUp();
}
