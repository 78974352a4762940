import { existsSync, readFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { systemClock } from "../platform/clock.ts";
import { leaseTexts, readLeaseEnd } from "./lease.ts";

/** The server's settings. The node agent passes them in the environment (docs/pod-contract.md). */
export interface PodSettings {
  readonly address: string;
  readonly port: number;
  /** The only user name that may log in; undefined allows any. */
  readonly user: string | undefined;
  readonly hostKey: string;
  readonly authorizedKeysFile: string;
  readonly home: string;
  readonly workspace: string;
  readonly shell: string;
  /** Holds the end of the lease; it is empty until the lease starts. */
  readonly expiresFile: string;
  readonly texts: ReturnType<typeof leaseTexts>;
  /** Whole lines, shown when a terminal opens. */
  readonly greeting: () => string;
  /** The environment that every session starts from. */
  readonly env: Readonly<Record<string, string>>;
}

/** Throws an Error that names the missing setting. */
export function readPodSettings(env: NodeJS.ProcessEnv): PodSettings {
  const sshDir = env["GPU_DEV_SSH_DIR"] ?? "/etc/gpu-dev/ssh";
  const home = env["HOME"] ?? "/home/dev";
  const workspace = env["GPU_DEV_WORKSPACE"] ?? "/workspace";
  const hostKeyFile = join(sshDir, "ssh_host_ed25519_key");
  const shell = loginShell(env["SHELL"]);
  const expiresFile = join(sshDir, "expires_at");
  const texts = leaseTexts(env["GPU_DEV_RESERVATION_NAME"]);
  const firstLine = podLine(env, workspace);
  return {
    address: env["GPU_DEV_POD_IP"] ?? "127.0.0.1",
    port: Number(env["GPU_DEV_SSH_PORT"] ?? "2222"),
    user: env["GPU_DEV_USER"],
    hostKey: readHostKey(hostKeyFile),
    authorizedKeysFile: join(sshDir, "authorized_keys"),
    home,
    workspace,
    shell,
    expiresFile,
    texts,
    greeting: () => {
      const lease = texts.greeting(readLeaseEnd(expiresFile), systemClock.now());
      return [firstLine, lease].map((line) => (line === "" ? "" : `${line}\r\n`)).join("");
    },
    env: sessionEnvironment(env, { home, shell }),
  };
}

function readHostKey(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new Error(
      `The SSH host key ${path} can't be read. The pod's Secret must hold it (docs/pod-contract.md).`,
      { cause },
    );
  }
}

function loginShell(preferred: string | undefined): string {
  const candidates = [preferred, "/bin/bash", "/usr/bin/bash", "/bin/sh"];
  return candidates.find((path) => path !== undefined && existsSync(path)) ?? "/bin/sh";
}

function sessionEnvironment(
  env: NodeJS.ProcessEnv,
  { home, shell }: { home: string; shell: string },
): Record<string, string> {
  const user = userInfo().username;
  const result: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined) result[name] = value;
  }
  return { ...result, HOME: home, SHELL: shell, USER: user, LOGNAME: user };
}

function podLine(env: NodeJS.ProcessEnv, workspace: string): string {
  const name = env["GPU_DEV_RESERVATION_NAME"] ?? "this pod";
  const gpus = (env["NVIDIA_VISIBLE_DEVICES"] ?? "")
    .split(",")
    .filter((id) => id.startsWith("GPU-"));
  const model = env["GPU_DEV_GPU_MODEL"] ?? "GPU";
  const devices = gpus.length === 0 ? "no GPU" : `${String(gpus.length)} x ${model} (simulated)`;
  return `${name}: ${devices}. Your files: ${workspace}`;
}
