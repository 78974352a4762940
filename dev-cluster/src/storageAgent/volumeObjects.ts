import type { PersistentVolumeClaim } from "../nodeAgent/kubeTypes.ts";

export const STORAGE_CLASS = "gpu-dev-workspace";
export const PROVISIONER = "dev-cluster/directory";
export const VOLUMES = "/api/v1/persistentvolumes";

export const volumeName = ({ metadata }: PersistentVolumeClaim): string => `pvc-${metadata.uid}`;

export function storageClassObject(): Record<string, unknown> {
  return {
    apiVersion: "storage.k8s.io/v1",
    kind: "StorageClass",
    metadata: {
      name: STORAGE_CLASS,
      annotations: { "storageclass.kubernetes.io/is-default-class": "true" },
    },
    provisioner: PROVISIONER,
    volumeBindingMode: "WaitForFirstConsumer",
    reclaimPolicy: "Retain",
  };
}

/** A directory of this machine that all nodes of the zone can use, as they can a network disk. */
export function volumeObject(options: {
  name: string;
  claim: PersistentVolumeClaim;
  path: string;
  zone: string;
}): Record<string, unknown> {
  const { name, claim, path, zone } = options;
  const { metadata, spec } = claim;
  const inZone = { key: "topology.kubernetes.io/zone", operator: "In", values: [zone] };
  return {
    apiVersion: "v1",
    kind: "PersistentVolume",
    metadata: {
      name,
      labels: { "topology.kubernetes.io/zone": zone },
      annotations: { "pv.kubernetes.io/provisioned-by": PROVISIONER },
    },
    spec: {
      storageClassName: STORAGE_CLASS,
      persistentVolumeReclaimPolicy: "Retain",
      accessModes: spec.accessModes ?? ["ReadWriteOnce"],
      volumeMode: "Filesystem",
      capacity: { storage: spec.resources?.requests?.storage ?? "1Gi" },
      claimRef: {
        apiVersion: "v1",
        kind: "PersistentVolumeClaim",
        namespace: metadata.namespace,
        name: metadata.name,
        uid: metadata.uid,
      },
      hostPath: { path, type: "Directory" },
      nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [inZone] }] } },
    },
  };
}
