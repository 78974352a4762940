import { accessSync, constants } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { Second } from "@gpu-dev/shared/durations.ts";
import type { StartOptions } from "./config.ts";
import { isPortFree } from "./ports.ts";
import { StartError } from "./startError.ts";

const IDENTIFY_TIMEOUT_MS = 2 * Second.ms;

/** The properties of a machine that decide what can run on it. */
export interface Machine {
  readonly platform: string;
  readonly arch: string;
  /** Null when the C library is another one, as on Alpine. */
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

/**
 * dev-cluster runs pods as Linux processes. PostgreSQL's programs are built for glibc, x64 and
 * arm64.
 */
export function checkPlatform(
  { platform, arch, glibc }: Machine,
  options: Pick<StartOptions, "kubeconfig" | "databaseUrl">,
): void {
  const machine = `${platform} ${arch}`;
  if (platform !== "linux" && options.kubeconfig === null) {
    throw new StartError(
      "unsupportedPlatform",
      `dev-cluster runs pods as Linux processes, and this machine is ${machine}. ` +
        "Name a cluster with --kubeconfig, or run npm start on Linux (Docker, WSL, a virtual machine).",
    );
  }
  const supported = ["x64", "arm64"].includes(arch) && (platform !== "linux" || glibc !== null);
  if (supported || (options.databaseUrl !== null && options.kubeconfig !== null)) return;
  throw new StartError(
    "unsupportedPlatform",
    "The embedded PostgreSQL and dev-cluster need x64 or arm64 and, on Linux, glibc; " +
      `this machine is ${machine}${glibc === null ? " without glibc" : ""}. ` +
      "Name a database with DATABASE_URL and a cluster with --kubeconfig.",
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
      `Port ${String(port)} of 127.0.0.1 can't be opened (${reason}). Choose another with --port.`,
      { cause },
    );
  }
  if (free) return;
  const folder = await dataFolderServedAt(port);
  if (folder === undefined) {
    throw new StartError(
      "portBusy",
      `Port ${String(port)} of 127.0.0.1 is in use by another program. Stop that program, or choose another port with --port.`,
    );
  }
  throw new StartError(
    "portBusy",
    `Port ${String(port)} of 127.0.0.1 is in use by another GPU Dev Servers, whose data is in ${folder}. ` +
      "Use that one, stop it with Ctrl-C in its terminal, or choose another port with --port.",
  );
}

/**
 * The data folder of the GPU Dev Servers on that port, from the path of the secret that it names to
 * its clients.
 */
async function dataFolderServedAt(port: number): Promise<string | undefined> {
  try {
    const response = await fetch(`http://127.0.0.1:${String(port)}/v1/sign-in`, {
      signal: AbortSignal.timeout(IDENTIFY_TIMEOUT_MS),
    });
    const { methods } = (await response.json()) as {
      readonly methods: readonly { readonly secretFile?: unknown }[];
    };
    const file = methods.find(({ secretFile }) => typeof secretFile === "string")?.secretFile;
    return typeof file === "string" ? dirname(file) : undefined;
  } catch {
    return undefined; // Another kind of program.
  }
}

/**
 * The programs that users need to reach a pod and that the PATH lacks. The ready screen names them;
 * start-up does not fail.
 */
export function missingTools(path: string): string[] {
  return ["ssh", "ssh-keygen"].filter((name) => !isOnPath(name, path));
}

/** Whether the user's shell finds `gpu-dev`. npm puts its packages on the PATH of scripts only. */
export function isCliInstalled(path: string): boolean {
  const folders = path.split(delimiter).filter((folder) => !folder.includes("node_modules"));
  return isOnPath("gpu-dev", folders.join(delimiter));
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
