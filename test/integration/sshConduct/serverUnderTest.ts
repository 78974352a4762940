import { execFileSync, spawn } from "node:child_process";
import { appendFileSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "../../support/freePort.ts";
import { processesWith } from "../../support/processes.ts";
import type { SshTarget } from "../../support/sshClient.ts";
import { sshServerProgram } from "../../support/sshServerProgram.ts";
import { makeTempDir } from "../../support/tempDir.ts";
import { Minute } from "@gpu-dev/shared/durations.ts";
import { waitFor } from "../../support/waitFor.ts";

/** `dev-cluster` is the pod server in TypeScript, `ssh-server` the Go program of real pods. */
export type ServerName = "dev-cluster" | "ssh-server";

/** An SSH server with its own key, workspace and home, in ordinary folders of this machine. */
export interface SshServerUnderTest extends SshTarget {
  readonly name: ServerName;
  /** A folder for the client's files. */
  readonly folder: string;
  readonly workspace: string;
  readonly home: string;
  readonly log: () => string;
  readonly isRunning: () => boolean;
  /** Whether a descendant of the server has this command line. */
  readonly hasProcess: (commandLine: string) => boolean;
  /** Replaces authorized_keys in one step, as a kubelet does. */
  readonly authorize: (lines: string) => void;
  /** Replaces the end of the lease in the Secret. */
  readonly setLeaseEnd: (end: Date) => void;
  /** Creates a key pair and returns the path of the private key. */
  readonly createKey: (name: string, type?: string) => string;
  /** Sends SIGTERM to the server, as the end of the pod does. */
  readonly terminate: () => void;
  readonly stop: () => Promise<void>;
}

export async function startServer(name: ServerName): Promise<SshServerUnderTest> {
  const directory = await makeTempDir("ssh");
  const folder = directory.path;
  const [secret, workspace] = [join(folder, "secret"), join(folder, "workspace")];
  const home = join(workspace, ".home");
  for (const path of [secret, workspace, home]) mkdirSync(path);
  const createKey = (keyName: string, type = "ed25519"): string => {
    const path = join(folder, keyName);
    execFileSync("ssh-keygen", ["-q", "-t", type, "-N", "", "-f", path]);
    return path;
  };
  const key = createKey("id");
  renameSync(createKey("host"), join(secret, "ssh_host_ed25519_key"));
  const replace = (fileName: string, content: string): void => {
    writeFileSync(join(secret, "next"), content);
    renameSync(join(secret, "next"), join(secret, fileName));
  };
  const authorize = (lines: string): void => {
    replace("authorized_keys", lines);
  };
  authorize(readFileSync(`${key}.pub`, "utf8"));
  replace("expires_at", "2030-01-01T00:00:00Z");
  const port = await freePort();
  const marker = `GPU_DEV_TEST_SERVER=${folder}`;
  const [program, ...args] = await COMMANDS[name]({ port, secret, workspace, home });
  const child = spawn(program, args, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...environment({ port, secret, workspace, home }), GPU_DEV_TEST_SERVER: folder },
  });
  let log = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => (log += chunk.toString()));
  }
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const isRunning = () => child.exitCode === null && child.signalCode === null;
  const server: SshServerUnderTest = {
    name,
    port,
    key,
    folder,
    workspace,
    home,
    log: () => log,
    isRunning,
    hasProcess: (commandLine) =>
      processesWith(marker).some(({ command }) => command === commandLine),
    authorize,
    setLeaseEnd: (end) => {
      replace("expires_at", `${end.toISOString()}\n`);
    },
    createKey,
    terminate: () => child.kill("SIGTERM"),
    stop: async () => {
      child.kill("SIGKILL");
      await ended;
      for (const { pid } of processesWith(marker)) process.kill(pid, "SIGKILL");
      await directory.remove();
    },
  };
  try {
    await waitFor(() => /listen(s|ing) on/.test(log), {
      describe: `the ${name} server`,
      timeoutMs: START_TIMEOUT_MS,
    });
  } catch (cause) {
    await server.stop();
    throw new Error(`the ${name} server did not start: ${log}`, { cause });
  }
  return server;
}

/** Several servers start at the same time, on a machine that does other work too. */
const START_TIMEOUT_MS = Minute.ms / 2;

/** Adds a key to the ones that may log in. */
export function authorizeKey(server: SshServerUnderTest, line: string): void {
  appendFileSync(join(server.folder, "secret/authorized_keys"), line);
}

interface Paths {
  readonly port: number;
  readonly secret: string;
  readonly workspace: string;
  readonly home: string;
}

const POD_SERVER = join(import.meta.dirname, "../../../dev-cluster/src/podServer/main.ts");

const COMMANDS: Record<ServerName, (paths: Paths) => Promise<[string, ...string[]]>> = {
  "dev-cluster": () => Promise.resolve([process.execPath, POD_SERVER]),
  "ssh-server": async ({ port, secret, workspace, home }) => {
    const program = await sshServerProgram("test-server");
    const where = ["--secret", secret, "--workspace", workspace, "--home", home];
    return [program, "--port", String(port), ...where];
  },
};

/** The container's environment, with what the node agent of the dev cluster adds for its server. */
function environment({ port, secret, workspace, home }: Paths): Record<string, string> {
  const path = "/opt/tools/bin:/usr/local/bin:/usr/bin:/bin";
  return {
    PATH: path,
    SHELL: "/bin/bash",
    OF_THE_IMAGE: "yes",
    NVIDIA_VISIBLE_DEVICES: "GPU-1,GPU-2",
    CUDA_VISIBLE_DEVICES: "0,1",
    GPU_DEV_RESERVATION_NAME: "demo",
    GPU_DEV_USER: "dev",
    GPU_DEV_EXPIRES_FILE: join(secret, "expires_at"),
    GPU_DEV_PATH: path,
    HOME: home,
    GPU_DEV_WORKSPACE: workspace,
    GPU_DEV_SSH_DIR: secret,
    GPU_DEV_POD_IP: "127.0.0.1",
    GPU_DEV_SSH_PORT: String(port),
    GPU_DEV_GPU_MODEL: "H100",
  };
}
