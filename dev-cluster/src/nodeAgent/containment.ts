import { Second } from "../platform/clock.ts";
import { execFile, spawnSync } from "node:child_process";
import { promisify } from "node:util";

/** How a pod's processes are isolated: `auto` uses namespaces if the machine allows them. */
export type ContainmentChoice = "auto" | "namespaces" | "plain";

/**
 * How pods are isolated on this machine. `prefix` is put before the command of a pod's first
 * process.
 */
export interface Containment {
  readonly kind: "namespaces" | "plain";
  readonly prefix: readonly string[];
  /** The account of the pod's program if the agent is root; otherwise it runs as the agent. */
  readonly user?: PodUser;
  /** Why namespaces are unavailable, for the operator. */
  readonly reason?: string;
}

export interface PodUser {
  readonly uid: number;
  readonly gid: number;
}

/** The name is that of docs/pod-contract.md; no account of a system has this number. */
const POD_USER: PodUser = { uid: 962_222, gid: 962_222 };

const run = promisify(execFile);
const UNSHARE = ["unshare", "--mount", "--uts", "--pid", "--fork", "--kill-child", "--propagation"];

/**
 * Tests whether this machine can isolate pods. Throws an Error when namespaces are required but
 * unavailable.
 */
export async function chooseContainment(choice: ContainmentChoice): Promise<Containment> {
  const killWithParent = parentDeathPrefix();
  if (choice === "plain") return { kind: "plain", prefix: killWithParent, reason: "as configured" };
  const prefix = [...killWithParent, ...UNSHARE, "private", ...userNamespace()];
  // The same steps as podInit.sh, on an empty view.
  const trial =
    "mount -t tmpfs tmpfs /mnt && cd /mnt && mkdir proc old && mount -t proc proc proc && " +
    "PATH=$PATH:/usr/sbin:/sbin && pivot_root . old";
  try {
    await run("/usr/bin/env", [...prefix, "sh", "-c", trial], { timeout: 5 * Second.ms });
    return { kind: "namespaces", prefix, ...(await podUser()) };
  } catch (cause) {
    const reason = (cause as { stderr?: string }).stderr?.trim() ?? String(cause);
    if (choice === "namespaces") {
      throw new Error(`Namespaces are unavailable here: ${reason}. Use plain containment.`, {
        cause,
      });
    }
    return { kind: "plain", prefix: killWithParent, reason };
  }
}

/**
 * Without root, a user namespace grants the right to mount; podInit.sh drops it before the program
 * starts.
 */
function userNamespace(): string[] {
  if (process.getuid?.() === 0) return [];
  return ["--user", "--map-current-user", "--keep-caps"];
}

/** Root's pods get an account without rights, if setpriv exists. */
async function podUser(): Promise<{ readonly user?: PodUser }> {
  if (process.getuid?.() !== 0) return {};
  const { uid, gid } = POD_USER;
  const ids = ["--reuid", String(uid), "--regid", String(gid), "--clear-groups"];
  try {
    await run("setpriv", [...ids, "test", "-r", "/etc/passwd"], { cwd: "/" });
    return { user: POD_USER };
  } catch {
    return {};
  }
}

/**
 * If the agent is killed, its pods' first processes are killed with it, provided that setpriv
 * exists.
 */
function parentDeathPrefix(): string[] {
  const { status } = spawnSync("setpriv", ["--pdeathsig", "KILL", "true"], { stdio: "ignore" });
  return status === 0 ? ["setpriv", "--pdeathsig", "KILL"] : [];
}
