import { execFileSync, spawn } from "node:child_process";
import { chmodSync, chownSync, copyFileSync, mkdirSync, readdirSync } from "node:fs";
import { readFileSync, readlinkSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "../../support/freePort.ts";
import { makeTempDir } from "../../support/tempDir.ts";
import { waitFor } from "../../support/waitFor.ts";
import { imageFolder, type ImageKind } from "./images.ts";
import { sshServerProgram } from "./sshServerProgram.ts";

export const PROGRAM = "/.gpu-dev/ssh/gpu-dev-sshd";
/** The group that `fsGroup` of the pod gives its volumes and its processes. */
const VOLUME_GROUP = 2222;

export interface ContainerOptions {
  readonly image: ImageKind;
  readonly readOnly?: boolean;
  /** Number of the user that the image runs as; root by default. */
  readonly runAs?: number;
  /** Arguments after `serve`. */
  readonly serve?: readonly string[];
}

/** A workspace container as the pod's manifest makes it: namespaces, volumes, environment, and our server as first process. */
export interface Container {
  readonly port: number;
  /** The user's private key. */
  readonly key: string;
  /** The folder that is /workspace inside. */
  readonly workspace: string;
  readonly folder: string;
  readonly log: () => string;
  /** Settles with the exit code of the first process. */
  readonly exited: Promise<number | null>;
  /** Writes authorized_keys as a kubelet does: at once. */
  readonly authorize: (lines: string) => void;
  /** Command lines of all processes inside. */
  readonly processes: () => string[];
  /** To the first process, which a kubelet signals alone. */
  readonly terminate: () => void;
  /** To every process inside whose command line is this one. */
  readonly kill: (commandLine: string) => void;
  readonly stop: () => Promise<void>;
}

export async function startContainer(options: ContainerOptions): Promise<Container> {
  const [program, image] = [await sshServerProgram(), await imageFolder(options.image)];
  const directory = await makeTempDir("image");
  const folder = directory.path;
  const port = await freePort();
  prepareVolumes(folder, program);
  writeFileSync(join(folder, "environment"), environment(port));
  const { readOnly = false, runAs = 0, serve = [] } = options;
  const namespaces = ["--mount", "--pid", "--uts", "--ipc", "--fork", "--kill-child"];
  const script = join(import.meta.dirname, "enter.sh");
  const child = spawn(
    "unshare",
    [...namespaces, "--propagation", "private", "sh", script, PROGRAM, "serve", ...serve],
    {
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`,
        ...{ IMAGE: image, STATE: folder, READ_ONLY: readOnly ? "1" : "0", RUN_AS: String(runAs) },
      },
    },
  );
  let log = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => (log += chunk.toString()));
  }
  const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const namespace = () => readlinkSync(`/proc/${String(firstProcess(child.pid))}/ns/pid`);
  const container: Container = {
    ...{ port, folder, exited, key: join(folder, "id"), workspace: join(folder, "workspace") },
    log: () => log,
    authorize: (lines) => {
      writeSecret(folder, "authorized_keys", lines);
    },
    processes: () => processesIn(namespace()).map(({ commandLine }) => commandLine),
    terminate: () => process.kill(firstProcess(child.pid), "SIGTERM"),
    kill: (commandLine) => {
      const found = processesIn(namespace()).filter((each) => each.commandLine === commandLine);
      for (const { pid } of found) process.kill(pid, "SIGKILL");
    },
    stop: async () => {
      // Not unshare: its child forgets whose death it shall share once it has become another user.
      if (child.exitCode === null) process.kill(firstProcess(child.pid), "SIGKILL");
      await exited;
      await directory.remove();
    },
  };
  try {
    await waitFor(() => log.includes("listens on"), { describe: `the server of ${options.image}` });
  } catch (error) {
    await container.stop();
    throw new Error(`the container does not start: ${log}`, { cause: error });
  }
  return container;
}

/** What the manifest's volumes hold, with the group and rights that a kubelet gives them. */
function prepareVolumes(folder: string, program: string): void {
  for (const name of ["secret", "program", "workspace", "workspace/.home"]) {
    mkdirSync(join(folder, name));
    chownSync(join(folder, name), 0, VOLUME_GROUP);
    chmodSync(join(folder, name), 0o2775);
  }
  chmodSync(folder, 0o755);
  // As the init container does it.
  copyFileSync(program, join(folder, "gpu-dev-sshd"));
  execFileSync(join(folder, "gpu-dev-sshd"), ["install", join(folder, "program")]);
  for (const name of ["id", "host"]) {
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(folder, name)]);
  }
  writeSecret(folder, "ssh_host_ed25519_key", readFileSync(join(folder, "host"), "utf8"));
  writeSecret(folder, "authorized_keys", readFileSync(join(folder, "id.pub"), "utf8"));
  writeSecret(folder, "expires_at", "2030-01-01T00:00:00Z");
}

function writeSecret(folder: string, name: string, text: string): void {
  const path = join(folder, "secret", name);
  writeFileSync(`${path}.new`, text, { mode: 0o440 });
  chownSync(`${path}.new`, 0, VOLUME_GROUP);
  renameSync(`${path}.new`, path);
}

/** One a line: of the pod's contract, of an image, and where to listen, since a test's container has no address of its own. */
function environment(port: number): string {
  const entries = {
    GPU_DEV_USER: "dev",
    GPU_DEV_RESERVATION_NAME: "demo",
    GPU_DEV_EXPIRES_FILE: "/etc/gpu-dev/ssh/expires_at",
    NVIDIA_VISIBLE_DEVICES: "GPU-1,GPU-2",
    PATH: "/opt/tools/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    OF_THE_IMAGE: "yes",
    GPU_DEV_POD_IP: "127.0.0.1",
    GPU_DEV_SSH_PORT: String(port),
  };
  return Object.entries(entries)
    .map(([name, value]) => `${name}=${value}\n`)
    .join("");
}

/** `unshare --fork` has one child, the first process inside. */
function firstProcess(unshare: number | undefined): number {
  const id = String(unshare);
  return Number(readFileSync(`/proc/${id}/task/${id}/children`, "utf8").trim());
}

function processesIn(namespace: string): { pid: number; commandLine: string }[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        if (readlinkSync(`/proc/${name}/ns/pid`) !== namespace) return [];
        const words = readFileSync(`/proc/${name}/cmdline`, "utf8").split("\0");
        return [{ pid: Number(name), commandLine: words.join(" ").trim() }];
      } catch {
        return []; // Gone since.
      }
    });
}
