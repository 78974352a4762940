import { execFile, spawnSync } from "node:child_process";
import { promisify } from "node:util";
import type { ContainmentChoice } from "./agentOptions.ts";

/** How pods are kept apart on this machine. `prefix` is put before the pod's first process. */
export interface Containment {
  kind: "namespaces" | "plain";
  prefix: readonly string[];
  /** Why there are no namespaces, for the operator. */
  reason?: string;
}

const run = promisify(execFile);
const UNSHARE = ["unshare", "--mount", "--uts", "--pid", "--fork", "--kill-child", "--propagation"];

/** Tries once what a pod needs. Throws an Error when namespaces are demanded and can't be had. */
export async function chooseContainment(choice: ContainmentChoice): Promise<Containment> {
  const dying = endsWithParent();
  if (choice === "plain") return { kind: "plain", prefix: dying, reason: "as asked" };
  const prefix = [...dying, ...UNSHARE, "private", ...userNamespace()];
  // Everything that podInit.sh does with the view, on a view of nothing.
  const trial =
    "mount -t tmpfs tmpfs /mnt && cd /mnt && mkdir proc old && mount -t proc proc proc && " +
    "PATH=$PATH:/usr/sbin:/sbin && pivot_root . old";
  try {
    await run("/usr/bin/env", [...prefix, "sh", "-c", trial], { timeout: 5_000 });
    return { kind: "namespaces", prefix };
  } catch (cause) {
    const reason = (cause as { stderr?: string }).stderr?.trim() ?? String(cause);
    if (choice === "namespaces") {
      throw new Error(`Pods can't have namespaces here: ${reason}. Use the plain containment.`, {
        cause,
      });
    }
    return { kind: "plain", prefix: dying, reason };
  }
}

/** Without root, a user namespace gives the right to mount; podInit.sh takes it away again before the program starts. */
function userNamespace(): string[] {
  if (process.getuid?.() === 0) return [];
  return ["--user", "--map-current-user", "--keep-caps"];
}

/** Should the agent be killed, its pods' first processes are killed with it, where the machine has the tool. */
function endsWithParent(): string[] {
  const { status } = spawnSync("setpriv", ["--pdeathsig", "KILL", "true"], { stdio: "ignore" });
  return status === 0 ? ["setpriv", "--pdeathsig", "KILL"] : [];
}
