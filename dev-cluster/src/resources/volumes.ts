import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import type { KubeObject } from "../kube/kubeObject.ts";
import type { NodeSelectorTerm } from "./pod.ts";
import { parseQuantity } from "../kube/quantity.ts";
import { forbiddenField, notSupported, required, type ResourceType } from "./resourceType.ts";
import { quantities } from "./shapes.ts";

const DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class";
const ACCESS_MODES = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];
export const CLAIM_PROTECTION = "kubernetes.io/pvc-protection";
export const VOLUME_PROTECTION = "kubernetes.io/pv-protection";
export const SELECTED_NODE = "volume.kubernetes.io/selected-node";

export interface PersistentVolumeClaim extends KubeObject {
  spec: {
    accessModes?: string[];
    storageClassName?: string;
    volumeName?: string;
    volumeMode?: string;
    resources?: { requests?: Record<string, string | number> };
    dataSource?: Record<string, unknown>;
    dataSourceRef?: Record<string, unknown>;
  };
  status?: { phase?: string; capacity?: Record<string, string> };
}

export interface PersistentVolume extends KubeObject {
  spec: {
    nodeAffinity?: { required?: { nodeSelectorTerms: NodeSelectorTerm[] } };
    claimRef?: { namespace?: string; name?: string; uid?: string };
    persistentVolumeReclaimPolicy?: string;
    volumeMode?: string;
  };
  status?: { phase?: string };
}

export interface StorageClass extends KubeObject {
  provisioner: string;
  volumeBindingMode?: string;
  reclaimPolicy?: string;
}

export const claimType: ResourceType<PersistentVolumeClaim> = {
  group: "",
  version: "v1",
  kind: "PersistentVolumeClaim",
  resource: "persistentvolumeclaims",
  shortNames: ["pvc"],
  namespaced: true,
  subresources: ["status"],
  returnsDeleted: true,
  schema: z.looseObject({
    spec: z.looseObject({
      accessModes: z.array(z.string()).min(1, "Required value"),
      resources: z.looseObject({ requests: quantities.nullish() }).nullish(),
      storageClassName: z.string().nullish(),
      volumeName: z.string().nullish(),
    }),
  }),
  prepareCreate(draft, others) {
    draft.status = { phase: "Pending" };
    protect(draft, CLAIM_PROTECTION);
    // An empty name means "no class"; only an absent one takes the default.
    const defaultClass = others.list(storageClassType).find(isDefaultClass);
    if (defaultClass) draft.spec.storageClassName ??= defaultClass.metadata.name;
  },
  setDefaults(draft) {
    draft.status ??= {};
    draft.spec.volumeMode ??= "Filesystem";
    // The newer field of the two; provisioners read it.
    if (draft.spec.dataSource !== undefined) draft.spec.dataSourceRef ??= draft.spec.dataSource;
  },
  validate({ spec }) {
    const modes = spec.accessModes ?? [];
    const alone = modes.includes("ReadWriteOncePod") && modes.length > 1;
    return [
      ...modes
        .filter((mode) => !ACCESS_MODES.includes(mode))
        .map((mode) => notSupported("spec.accessModes", mode, ACCESS_MODES)),
      ...(alone
        ? [forbiddenField("spec.accessModes", "ReadWriteOncePod excludes other modes")]
        : []),
      ...(spec.resources?.requests?.["storage"] === undefined
        ? [required("spec.resources[storage]")]
        : []),
    ];
  },
  validateUpdate(next, old) {
    const size = (claim: PersistentVolumeClaim) =>
      parseQuantity(claim.spec.resources?.requests?.["storage"] ?? 0) ?? 0;
    const rest = (claim: PersistentVolumeClaim, volumeName: string | undefined) => ({
      ...claim.spec,
      resources: {},
      volumeName,
    });
    // The binding may be set once, and the size may only grow.
    const mayBind = old.spec.volumeName === undefined || old.spec.volumeName === "";
    const volume = mayBind ? next.spec.volumeName : old.spec.volumeName;
    const same =
      isDeepStrictEqual(rest(next, next.spec.volumeName), rest(old, volume)) &&
      size(next) >= size(old);
    return same
      ? []
      : [
          forbiddenField(
            "spec",
            "spec is immutable after creation except resources.requests for bound claims, which can only grow",
          ),
        ];
  },
};

export const volumeType: ResourceType<PersistentVolume> = {
  group: "",
  version: "v1",
  kind: "PersistentVolume",
  resource: "persistentvolumes",
  shortNames: ["pv"],
  namespaced: false,
  subresources: ["status"],
  returnsDeleted: true,
  schema: z.looseObject({
    spec: z.looseObject({ accessModes: z.array(z.string()).min(1), capacity: quantities }),
  }),
  prepareCreate(draft) {
    draft.status = { phase: "Pending" };
    protect(draft, VOLUME_PROTECTION);
  },
  setDefaults(draft) {
    draft.status ??= {};
    draft.spec.volumeMode ??= "Filesystem";
    draft.spec.persistentVolumeReclaimPolicy ??= "Retain";
  },
};

export const storageClassType: ResourceType<StorageClass> = {
  group: "storage.k8s.io",
  version: "v1",
  kind: "StorageClass",
  resource: "storageclasses",
  shortNames: ["sc"],
  namespaced: false,
  subresources: [],
  returnsDeleted: true,
  schema: z.looseObject({ provisioner: z.string().min(1, "Required value") }),
  setDefaults(draft) {
    draft.volumeBindingMode ??= "Immediate";
    draft.reclaimPolicy ??= "Delete";
  },
};

/** Keeps the object until the controller has found that it is unused. */
function protect(draft: KubeObject, finalizer: string): void {
  const finalizers = draft.metadata.finalizers ?? [];
  if (!finalizers.includes(finalizer)) draft.metadata.finalizers = [...finalizers, finalizer];
}

function isDefaultClass({ metadata }: StorageClass): boolean {
  return metadata.annotations?.[DEFAULT_CLASS] === "true";
}
