import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { isPortFree } from "./freePort.ts";
import type { StartOptions } from "./options.ts";
import { StartError } from "./startError.ts";

/** What the machine is, as far as it decides what can run here. */
export interface Machine {
  readonly platform: string;
  readonly arch: string;
  /** Null where the C library is another one, as on Alpine. */
  readonly glibc: string | null;
}

export function thisMachine(): Machine {
  const report = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  return {
    platform: process.platform,
    arch: process.arch,
    glibc: report.header.glibcVersionRuntime ?? null,
  };
}

/** The dev cluster runs pods as Linux processes; PostgreSQL's programs are built for glibc on two processors. */
export function checkPlatform(
  { platform, arch, glibc }: Machine,
  options: Pick<StartOptions, "kubeconfig" | "databaseUrl">,
): void {
  const here = `${platform} ${arch}`;
  if (platform !== "linux" && options.kubeconfig === null) {
    throw new StartError(
      "unsupportedPlatform",
      `The dev cluster runs pods as Linux processes, and this is ${here}. Give a cluster with --kubeconfig, or start this in a Linux machine (Docker, WSL, a VM).`,
    );
  }
  const supported = ["x64", "arm64"].includes(arch) && (platform !== "linux" || glibc !== null);
  if (supported || (options.databaseUrl !== null && options.kubeconfig !== null)) return;
  throw new StartError(
    "unsupportedPlatform",
    `The embedded PostgreSQL and the dev cluster need x64 or arm64 and, on Linux, glibc; this is ${here}${glibc === null ? " without glibc" : ""}. ` +
      "Give a database with DATABASE_URL and a cluster with --kubeconfig.",
  );
}

export async function checkPort(port: number): Promise<void> {
  let free: boolean;
  try {
    free = await isPortFree(port);
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? "unknown";
    throw new StartError(
      "portBusy",
      `Port ${String(port)} of 127.0.0.1 can't be opened (${reason}). Give another one with --port.`,
      { cause },
    );
  }
  if (free) return;
  throw new StartError(
    "portBusy",
    `Port ${String(port)} of 127.0.0.1 is in use by another program. Stop that program, or give another port with --port.`,
  );
}

/** Programs that are needed later, to reach a pod: worth a word at the start, no reason to refuse it. */
export function missingTools(path: string): string[] {
  return ["ssh", "ssh-keygen"].filter((name) => !isOnPath(name, path));
}

function isOnPath(name: string, path: string): boolean {
  return path.split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
