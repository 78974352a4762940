import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { pause } from "../platform/abortSignals.ts";
import { isNotFound, type ApiClient } from "./apiClient.ts";
import type { Containment, PodUser } from "./containment.ts";
import type { EventRecorder } from "./eventRecorder.ts";
import type { PersistentVolume, PersistentVolumeClaim, Pod, Secret, Volume } from "./kubeTypes.ts";
import type { Mount } from "./podView.ts";
import { giveTo, writeSecretVolume } from "./secretVolume.ts";

/** A volume is not available yet. The pod's event shows the message, and the pod is retried. */
export class VolumeNotReady extends Error {
  override readonly name = "VolumeNotReady";
}

/** The holder of each claim that only one pod may use (ReadWriteOncePod): claim uid to pod uid. */
export type ClaimHolders = Map<string, string>;

export interface VolumeOptions {
  readonly client: ApiClient;
  readonly pod: Pod;
  /** The pod's directory. */
  readonly directory: string;
  readonly claimHolders: ClaimHolders;
  /** The account that reads the files of Secrets. */
  readonly user: PodUser | undefined;
}

export interface MountOptions extends Omit<VolumeOptions, "pod" | "user"> {
  /** The newest version of the pod. */
  readonly pod: () => Pod;
  readonly containment: Containment;
  readonly events: EventRecorder;
  readonly ending: AbortSignal;
}

const RETRY_MS = 250;

/**
 * The mounts of the pod's container, as soon as all its volumes are available; each new obstacle
 * becomes an event. Undefined when the pod ends first.
 */
export async function mountWhenReady(options: MountOptions): Promise<Mount[] | undefined> {
  const { events, ending } = options;
  let reported = "";
  while (!ending.aborted) {
    const pod = options.pod();
    try {
      const mounts = await preparePodVolumes({ ...options, pod, user: options.containment.user });
      await annotatePlainWorkspace(options, pod, mounts);
      for (const { kind, source } of mounts) {
        if (kind !== "tmpfs") giveTo(options.containment.user, source);
      }
      return mounts;
    } catch (error) {
      const message = messageOf(error);
      if (message !== reported) events.record(pod, "FailedMount", message);
      reported = message;
      await pause(RETRY_MS, ending);
    }
  }
  return undefined;
}

/** Updates the files of changed Secrets in a running pod. A failed read changes nothing. */
export async function refreshSecrets({
  client,
  pod,
  directory,
  user,
}: Omit<VolumeOptions, "claimHolders">): Promise<void> {
  for (const volume of pod.spec.volumes ?? []) {
    if (volume.secret !== undefined) {
      await prepareSecret({ client, pod, user }, volume, join(directory, "volumes", volume.name));
    }
  }
}

export function releaseClaims(holders: ClaimHolders, podUid: string): void {
  for (const [claim, holder] of holders) if (holder === podUid) holders.delete(claim);
}

/**
 * Prepares every volume of the pod and returns the mounts of its container. Throws VolumeNotReady.
 */
async function preparePodVolumes(options: VolumeOptions): Promise<Mount[]> {
  const { pod, directory } = options;
  const sources = new Map<string, string | undefined>();
  for (const volume of pod.spec.volumes ?? []) {
    sources.set(
      volume.name,
      await prepareVolume(options, volume, join(directory, "volumes", volume.name)),
    );
  }
  const secrets = (pod.spec.volumes ?? []).filter((volume) => volume.secret !== undefined);
  const readOnlyNames = new Set(secrets.map((volume) => volume.name));
  return (pod.spec.containers[0]?.volumeMounts ?? []).map((mount) => {
    const source = sources.get(mount.name);
    if (source === undefined)
      return { kind: "tmpfs", source: "mode=1777", target: mount.mountPath };
    const path = resolve(source, mount.subPath ?? ".");
    if (path !== source && !path.startsWith(`${source}/`)) {
      throw new VolumeNotReady(`subPath ${String(mount.subPath)} leaves its volume`);
    }
    if (path !== source) mkdirSync(path, { recursive: true });
    const readOnly = mount.readOnly === true || readOnlyNames.has(mount.name);
    return { kind: readOnly ? "ro" : "dir", source: path, target: mount.mountPath };
  });
}

/**
 * Without a mount namespace the workspace is at its real path; an annotation tells clients where.
 */
async function annotatePlainWorkspace(
  { client, containment }: MountOptions,
  pod: Pod,
  mounts: readonly Mount[],
): Promise<void> {
  const workspace = mounts.find(({ target }) => target === "/workspace");
  if (containment.kind !== "plain" || workspace === undefined) return;
  const { namespace, name, uid } = pod.metadata;
  await client.mergePatch(`/api/v1/namespaces/${namespace}/pods/${name}`, {
    metadata: { uid, annotations: { "gpu-dev.io/workspace-path": workspace.source } },
  });
}

/** The volume's directory, or undefined for memory. */
async function prepareVolume(
  options: VolumeOptions,
  volume: Volume,
  directory: string,
): Promise<string | undefined> {
  if (volume.secret !== undefined) {
    await prepareSecret(options, volume, directory);
    return directory;
  }
  if (volume.persistentVolumeClaim !== undefined) {
    return claimDirectory(options, volume.persistentVolumeClaim.claimName);
  }
  if (volume.emptyDir === undefined) {
    throw new VolumeNotReady(`volume ${volume.name} has a type that this node does not support`);
  }
  if (volume.emptyDir.medium === "Memory") return undefined;
  mkdirSync(directory, { recursive: true });
  return directory;
}

async function prepareSecret(
  { client, pod, user }: Pick<VolumeOptions, "client" | "pod" | "user">,
  volume: Volume,
  directory: string,
): Promise<void> {
  if (volume.secret === undefined) return;
  const { secretName, optional } = volume.secret;
  try {
    const path = `/api/v1/namespaces/${pod.metadata.namespace}/secrets/${secretName}`;
    writeSecretVolume(directory, volume.secret, await client.get<Secret>(path), user);
  } catch (error) {
    if (isNotFound(error) && optional === true) mkdirSync(directory, { recursive: true });
    else throw new VolumeNotReady(`secret ${secretName}: ${messageOf(error)}`, { cause: error });
  }
}

async function claimDirectory(options: VolumeOptions, claimName: string): Promise<string> {
  const { client, pod, claimHolders } = options;
  const { namespace, uid } = pod.metadata;
  let claim: PersistentVolumeClaim;
  let volume: PersistentVolume;
  try {
    claim = await client.get(`/api/v1/namespaces/${namespace}/persistentvolumeclaims/${claimName}`);
    const { volumeName } = claim.spec;
    if (claim.status?.phase !== "Bound" || volumeName === undefined) {
      throw new Error("it is not bound yet");
    }
    volume = await client.get(`/api/v1/persistentvolumes/${volumeName}`);
  } catch (error) {
    throw new VolumeNotReady(`claim ${claimName}: ${messageOf(error)}`, { cause: error });
  }
  const holder = claimHolders.get(claim.metadata.uid);
  if (claim.spec.accessModes?.includes("ReadWriteOncePod") === true) {
    if (holder !== undefined && holder !== uid) {
      throw new VolumeNotReady(`claim ${claimName} is in use by another pod (${holder})`);
    }
    claimHolders.set(claim.metadata.uid, uid);
  }
  const path = volume.spec.hostPath?.path;
  if (path === undefined)
    throw new VolumeNotReady(`claim ${claimName}: its volume has no directory`);
  mkdirSync(path, { recursive: true });
  return path;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
