import { spawn } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "../../support/freePort.ts";
import { requireTool, skipBecause } from "../../support/requireTool.ts";
import { makeTempDir } from "../../support/tempDir.ts";
import { waitFor } from "../../support/waitFor.ts";
import { imageFolder, type ImageKind } from "./images.ts";
import { sshServerProgram } from "../../support/sshServerProgram.ts";
import { prepareVolumes, writeEnvironment, writeSecret } from "./volumes.ts";

export const PROGRAM = "/.gpu-dev/ssh/gpu-dev-sshd";

/** Skips the suite on a machine that cannot create containers. */
export function requireContainers(context: Mocha.Context, ...tools: string[]): void {
  requireTool(context, "ssh", "ssh-keygen", "unshare", "go", ...tools);
  if (process.getuid?.() !== 0) skipBecause(context, "only root can create containers here");
}

export interface ContainerOptions {
  readonly image: ImageKind;
  readonly readOnly?: boolean;
  /** Number of the user that the image runs as; root by default. */
  readonly runAs?: number;
  /** The image's own program, as the catalogue names one. */
  readonly entrypoint?: readonly string[];
  /** Variables that the image sets. */
  readonly environment?: Readonly<Record<string, string>>;
  /** A shell script that completes the image, run in its root. */
  readonly finish?: string;
  /** The workspace folder of an earlier container. */
  readonly disk?: string;
}

/**
 * A workspace container as the pod's manifest creates it: namespaces, volumes, environment, and the
 * SSH server as the first process.
 */
export interface Container {
  readonly port: number;
  /** The user's private key. */
  readonly key: string;
  /** The folder that is /workspace inside. */
  readonly workspace: string;
  readonly folder: string;
  readonly log: () => string;
  /** Resolves with the exit code of the first process. */
  readonly exited: Promise<number | null>;
  /** Replaces authorized_keys in one step, as a kubelet does. */
  readonly authorize: (lines: string) => void;
  /** Command lines of all processes in the container. */
  readonly processes: () => string[];
  /** Sends SIGTERM to the first process, as a kubelet does. */
  readonly terminate: () => void;
  /** Kills every process in the container that has this command line. */
  readonly kill: (commandLine: string) => void;
  readonly stop: () => Promise<void>;
}

export async function startContainer(options: ContainerOptions): Promise<Container> {
  const [program, image] = [
    await sshServerProgram("gpu-dev-sshd"),
    await imageFolder(options.image),
  ];
  const directory = await makeTempDir("image");
  const folder = directory.path;
  const port = await freePort();
  const workspace = options.disk ?? join(folder, "workspace");
  prepareVolumes({ folder, program, ...options });
  writeEnvironment(folder, options.environment);
  const { readOnly = false, runAs = 0, entrypoint = [] } = options;
  // Containers of tests share the address of this machine.
  const serve = ["serve", "--port", String(port), ...(entrypoint.length > 0 ? ["--"] : [])];
  const namespaces = ["--mount", "--pid", "--uts", "--ipc", "--fork", "--kill-child"];
  const script = join(import.meta.dirname, "enter.sh");
  const child = spawn(
    "unshare",
    [...namespaces, "--propagation", "private", "sh", script, PROGRAM, ...serve, ...entrypoint],
    {
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`,
        IMAGE: image,
        STATE: folder,
        WORKSPACE: workspace,
        READ_ONLY: readOnly ? "1" : "0",
        RUN_AS: String(runAs),
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
    port,
    folder,
    exited,
    key: join(folder, "id"),
    workspace,
    log: () => log,
    authorize: (lines) => {
      writeSecret(folder, "authorized_keys", lines);
    },
    processes: () => processesIn(namespace()).map(({ commandLine }) => commandLine),
    terminate: () => process.kill(firstProcess(child.pid), "SIGTERM"),
    kill: (commandLine) => {
      const found = processesIn(namespace()).filter(
        (process) => process.commandLine === commandLine,
      );
      for (const { pid } of found) process.kill(pid, "SIGKILL");
    },
    stop: async () => {
      // Killing unshare is not enough: its child loses --kill-child when it changes the user.
      if (child.exitCode === null) process.kill(firstProcess(child.pid), "SIGKILL");
      await exited;
      await directory.remove();
    },
  };
  try {
    await waitFor(() => log.includes("listening on"), {
      describe: `the server of ${options.image}`,
    });
  } catch (error) {
    await container.stop();
    throw new Error(`the container did not start: ${log}`, { cause: error });
  }
  return container;
}

/** `unshare --fork` has one child, the first process of the container. */
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
        return []; // The process has ended.
      }
    });
}
