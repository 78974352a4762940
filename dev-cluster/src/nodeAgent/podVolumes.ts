import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { isNotFound } from "./apiClient.ts";
import type { ApiClient } from "./apiClient.ts";
import type { PersistentVolume, PersistentVolumeClaim, Pod, Secret, Volume } from "./kubeTypes.ts";
import type { Mount } from "./podView.ts";
import { writeSecretVolume } from "./secretVolume.ts";

/** A volume can't be had yet; the message is shown in the pod's event and the pod is tried again. */
export class VolumeNotReady extends Error {}

/** Which pod has a claim that only one pod may have (ReadWriteOncePod): claim uid -> pod uid. */
export type ClaimHolders = Map<string, string>;

export interface VolumeOptions {
  client: ApiClient;
  pod: Pod;
  /** The pod's directory. */
  directory: string;
  claimHolders: ClaimHolders;
}

/** Makes every volume of the pod and answers the mounts of its container. Throws VolumeNotReady. */
export async function preparePodVolumes(options: VolumeOptions): Promise<Mount[]> {
  const { pod, directory } = options;
  const sources = new Map<string, string | undefined>();
  for (const volume of pod.spec.volumes ?? []) {
    sources.set(
      volume.name,
      await prepareVolume(options, volume, join(directory, "volumes", volume.name)),
    );
  }
  const secrets = new Set((pod.spec.volumes ?? []).filter((v) => v.secret).map((v) => v.name));
  return (pod.spec.containers[0]?.volumeMounts ?? []).map((mount) => {
    const source = sources.get(mount.name);
    if (source === undefined)
      return { kind: "tmpfs", source: "mode=1777", target: mount.mountPath };
    const path = resolve(source, mount.subPath ?? ".");
    if (path !== source && !path.startsWith(`${source}/`)) {
      throw new VolumeNotReady(`subPath ${String(mount.subPath)} leads out of its volume`);
    }
    if (path !== source) mkdirSync(path, { recursive: true });
    const readOnly = mount.readOnly === true || secrets.has(mount.name);
    return { kind: readOnly ? "ro" : "dir", source: path, target: mount.mountPath };
  });
}

/** Brings the files of changed Secrets to a running pod. A failed read changes nothing. */
export async function refreshSecrets({ client, pod, directory }: VolumeOptions): Promise<void> {
  for (const volume of pod.spec.volumes ?? []) {
    if (volume.secret !== undefined) {
      await prepareSecret(client, pod, volume, join(directory, "volumes", volume.name));
    }
  }
}

export function releaseClaims(holders: ClaimHolders, podUid: string): void {
  for (const [claim, holder] of holders) if (holder === podUid) holders.delete(claim);
}

/** The directory, or undefined for memory. */
async function prepareVolume(
  options: VolumeOptions,
  volume: Volume,
  directory: string,
): Promise<string | undefined> {
  if (volume.secret !== undefined) {
    await prepareSecret(options.client, options.pod, volume, directory);
    return directory;
  }
  if (volume.persistentVolumeClaim !== undefined) {
    return claimDirectory(options, volume.persistentVolumeClaim.claimName);
  }
  if (volume.emptyDir === undefined) {
    throw new VolumeNotReady(`volume ${volume.name} is of a kind that this node does not have`);
  }
  if (volume.emptyDir.medium === "Memory") return undefined;
  mkdirSync(directory, { recursive: true });
  return directory;
}

async function prepareSecret(
  client: ApiClient,
  pod: Pod,
  volume: Volume,
  directory: string,
): Promise<void> {
  if (volume.secret === undefined) return;
  const { secretName, optional } = volume.secret;
  try {
    const path = `/api/v1/namespaces/${pod.metadata.namespace}/secrets/${secretName}`;
    writeSecretVolume(directory, volume.secret, await client.get<Secret>(path));
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
