import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import type { FleetNode, Fleet } from "../fleet/fleetFile.ts";
import { machineEnvironment, machinePath, OWN_BIN, REPOSITORY } from "./config.ts";
import type { Containment } from "./containment.ts";
import type { Container, Pod } from "./kubeTypes.ts";
import type { PodRecord } from "./podRecords.ts";
import { isPrivate, OWN_ROOT, type Mount } from "./podView.ts";

export interface PodProgram {
  readonly argv: string[];
  readonly env: Record<string, string>;
  readonly cwd: string;
  /** The project's own directories, mounted into a pod that has its own view of the file system. */
  readonly programs: Mount[];
}

export interface ProgramOptions {
  readonly pod: Pod;
  readonly container: Container;
  readonly record: PodRecord;
  readonly node: FleetNode;
  readonly images: Fleet["images"];
  readonly containment: Containment;
  readonly mounts: readonly Mount[];
}

const SERVER = "dev-cluster/src/podServer/main.ts";

/**
 * The memory in MiB that nvidia-smi reports for each model; the first name that the model contains
 * applies.
 */
const MEMORY_MIB: readonly (readonly [name: string, mib: number])[] = [
  ["B200", 183_359],
  ["H200", 143_771],
  ["H100", 81_559],
  ["A100", 40_960],
  ["A10G", 23_028],
  ["L4", 23_034],
  ["T4", 15_360],
];

/** The container's program and environment. Throws an Error for an image without a program. */
export function podProgram(options: ProgramOptions): PodProgram {
  const { pod, container, record, node, images, containment, mounts } = options;
  const inside = containment.kind === "namespaces";
  const at = (target: string): string =>
    inside ? target : (mounts.find((mount) => mount.target === target)?.source ?? target);
  const nodePath = inside ? join(OWN_ROOT, "node") : process.execPath;
  const repository = inside ? join(OWN_ROOT, "repository") : REPOSITORY;
  const path = [inside ? join(OWN_ROOT, "bin") : OWN_BIN, ...programFolders(inside)].join(
    delimiter,
  );
  const declared = Object.fromEntries(
    (container.env ?? []).map(({ name, value }) => [name, value ?? ""]),
  );
  return {
    argv: [
      ...dropRights(containment),
      ...argvFor(pod, container, images, [nodePath, join(repository, SERVER)]),
    ],
    cwd: "/",
    programs: [
      // Not the whole checkout: by default the data folder is in it.
      ...["dev-cluster", "node_modules"].map((name): Mount => ({
        kind: "ro",
        source: join(REPOSITORY, name),
        target: join(OWN_ROOT, "repository", name),
      })),
      { kind: "ro", source: OWN_BIN, target: join(OWN_ROOT, "bin") },
    ],
    env: {
      ...machineEnvironment(),
      ...declared,
      ...gpuEnvironment(record, node),
      PATH: path,
      GPU_DEV_PATH: path,
      HOME: at("/home/dev"),
      HOSTNAME: pod.spec.hostname ?? pod.metadata.name,
      GPU_DEV_WORKSPACE: at("/workspace"),
      GPU_DEV_SSH_DIR: at("/etc/gpu-dev/ssh"),
      GPU_DEV_POD_IP: record.address,
      GPU_DEV_POD_UID: record.uid,
    },
  };
}

/** The account without rights that runs the pods of root. */
function dropRights({ user }: Containment): string[] {
  if (user === undefined) return [];
  const ids = ["--reuid", String(user.uid), "--regid", String(user.gid), "--clear-groups"];
  return ["setpriv", ...ids, "--no-new-privs", "--inh-caps=-all", "--bounding-set=-all"];
}

/** The folders of the machine's PATH that the pod has. */
function programFolders(inside: boolean): string[] {
  return machinePath().filter((folder) => existsSync(folder) && !(inside && isPrivate(folder)));
}

function argvFor(
  pod: Pod,
  { image, command, args }: Container,
  images: Fleet["images"],
  server: readonly string[],
): string[] {
  if (command !== undefined && command.length > 0) {
    return isInjected(pod, command, images) ? [...server] : [...command, ...(args ?? [])];
  }
  const program = programOf(image, images);
  if (program === "ssh-workspace") return [...server];
  if (program === "pause") return ["sleep", "infinity"];
  throw new Error(
    `No program is known for image ${image}. Give the container a command, or add the image to the fleet file.`,
  );
}

/**
 * On a real node, an init container of our SSH server's image would have put the command's program
 * there.
 */
function isInjected(pod: Pod, command: readonly string[], images: Fleet["images"]): boolean {
  return (pod.spec.initContainers ?? []).some(
    ({ image, volumeMounts = [] }) =>
      programOf(image, images) === "ssh-workspace" &&
      volumeMounts.some(({ mountPath }) => command[0]?.startsWith(`${mountPath}/`)),
  );
}

function programOf(
  image: string,
  images: Fleet["images"],
): Fleet["images"][number]["program"] | undefined {
  // Without digest and tag; a colon before the last slash belongs to a port.
  const repository = image.replace(/@.*$/, "").replace(/:[^/:]*$/, "");
  return images.find(({ repositorySuffix }) => repository.endsWith(repositorySuffix))?.program;
}

function gpuEnvironment(record: PodRecord, node: FleetNode): Record<string, string> {
  const model = node.gpuModel ?? "";
  const none: Record<string, string> = { CUDA_VISIBLE_DEVICES: "", NVIDIA_VISIBLE_DEVICES: "void" };
  if (record.gpus.length === 0) return none;
  return {
    CUDA_VISIBLE_DEVICES: record.gpus.map((_, index) => String(index)).join(","),
    NVIDIA_VISIBLE_DEVICES: record.gpus.map((index) => gpuUuid(node.name, index)).join(","),
    GPU_DEV_GPU_MODEL: model,
    GPU_DEV_GPU_MEMORY_MIB: String(gpuMemoryMib(model)),
  };
}

function gpuMemoryMib(model: string): number {
  return MEMORY_MIB.find(([name]) => model.includes(name))?.[1] ?? 0;
}

/** Derived from node and index, so that an identifier stays the same, as with hardware. */
function gpuUuid(node: string, index: number): string {
  const hash = createHash("sha256")
    .update(`${node}/${String(index)}`)
    .digest("hex");
  const parts = [hash.slice(0, 8), hash.slice(8, 12), hash.slice(12, 16), hash.slice(16, 20)];
  return `GPU-${parts.join("-")}-${hash.slice(20, 32)}`;
}
