import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

/** The pod's `fsGroup`: the group of its volumes and its processes. */
const VOLUME_GROUP = 2222;

export interface Volumes {
  readonly folder: string;
  readonly program: string;
  /** The workspace folder of an earlier container. */
  readonly disk?: string;
  readonly finish?: string;
}

/** Creates the pod's volumes with the group and modes that a kubelet sets, and /etc/hosts. */
export function prepareVolumes({ folder, program, disk, finish = "" }: Volumes): void {
  for (const name of ["secret", "program"]) makeVolume(join(folder, name));
  if (disk === undefined) {
    makeVolume(join(folder, "workspace"));
    makeVolume(join(folder, "workspace/.home"));
  }
  chmodSync(folder, 0o755);
  // As the init container does.
  copyFileSync(program, join(folder, "gpu-dev-sshd"));
  execFileSync(join(folder, "gpu-dev-sshd"), ["install", join(folder, "program")]);
  for (const name of ["id", "host"]) {
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(folder, name)]);
  }
  writeSecret(folder, "ssh_host_ed25519_key", readFileSync(join(folder, "host"), "utf8"));
  writeSecret(folder, "authorized_keys", readFileSync(join(folder, "id.pub"), "utf8"));
  writeSecret(folder, "expires_at", "2030-01-01T00:00:00Z");
  writeFileSync(join(folder, "hosts"), "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost\n");
  writeFileSync(join(folder, "finish.sh"), finish);
}

function makeVolume(path: string): void {
  mkdirSync(path);
  chownSync(path, 0, VOLUME_GROUP);
  chmodSync(path, 0o2775);
}

export function writeSecret(folder: string, name: string, text: string): void {
  const path = join(folder, "secret", name);
  writeFileSync(`${path}.new`, text, { mode: 0o440 });
  chownSync(`${path}.new`, 0, VOLUME_GROUP);
  renameSync(`${path}.new`, path);
}

/** One variable per line: those of the image, overridden by those of the pod's manifest. */
export function writeEnvironment(
  folder: string,
  imageVariables: Readonly<Record<string, string>> = {},
) {
  const entries = {
    PATH: "/opt/tools/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    OF_THE_IMAGE: "yes",
    NVIDIA_VISIBLE_DEVICES: "GPU-1,GPU-2",
    ...imageVariables,
    GPU_DEV_USER: "dev",
    GPU_DEV_RESERVATION_NAME: "demo",
    GPU_DEV_EXPIRES_FILE: "/etc/gpu-dev/ssh/expires_at",
  };
  const lines = Object.entries(entries).map(([name, value]) => `${name}=${value}\n`);
  writeFileSync(join(folder, "environment"), lines.join(""));
}
