import { delimiter, join } from "node:path";
import type { FleetNode, Fleet } from "../fleet/fleetFile.ts";
import { machineEnvironment, machinePath } from "./config.ts";
import type { Containment } from "./containment.ts";
import { gpuMemoryMib, gpuUuid } from "./gpuModels.ts";
import type { Container, Pod } from "./kubeTypes.ts";
import type { PodRecord } from "./podRecords.ts";
import { OWN_ROOT } from "./podView.ts";
import type { Mount } from "./podView.ts";

export interface PodProgram {
  argv: string[];
  env: Record<string, string>;
  cwd: string;
  /** Our own directories, wanted inside a pod that has its own view. */
  programs: Mount[];
}

export interface ProgramOptions {
  pod: Pod;
  container: Container;
  record: PodRecord;
  node: FleetNode;
  images: Fleet["images"];
  containment: Containment;
  mounts: readonly Mount[];
}

const REPOSITORY = join(import.meta.dirname, "../../..");
const OWN_BIN = join(import.meta.dirname, "bin");
const SERVER = "dev-cluster/src/podServer/main.ts";

/** What the container runs, with which environment. Throws an Error for an image that stands for nothing here. */
export function podProgram(options: ProgramOptions): PodProgram {
  const { pod, container, record, node, images, containment, mounts } = options;
  const inside = containment.kind === "namespaces";
  const at = (target: string): string =>
    inside ? target : (mounts.find((mount) => mount.target === target)?.source ?? target);
  const node24 = inside ? join(OWN_ROOT, "node") : process.execPath;
  const repository = inside ? join(OWN_ROOT, "repository") : REPOSITORY;
  const path = [inside ? join(OWN_ROOT, "bin") : OWN_BIN, ...machinePath()].join(delimiter);
  const declared = Object.fromEntries(
    (container.env ?? []).map(({ name, value }) => [name, value ?? ""]),
  );
  return {
    argv: argvFor(pod, container, images, [node24, join(repository, SERVER)]),
    cwd: "/",
    programs: [
      { kind: "ro", source: REPOSITORY, target: join(OWN_ROOT, "repository") },
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
    `Image ${image} stands for no program here. Give the container a command, or name the image in the fleet file.`,
  );
}

/** An init container of an image that stands for our SSH server would have put the command's program where it is. */
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
