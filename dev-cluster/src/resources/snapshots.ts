import { z } from "zod";
import type { KubeObject } from "../objects/kubeObject.ts";
import type { ResourceType } from "./resourceType.ts";
import { required } from "./resourceType.ts";

interface VolumeSnapshot extends KubeObject {
  spec: { source?: Record<string, string> };
}

const snapshots = {
  group: "snapshot.storage.k8s.io",
  version: "v1",
  custom: true,
  counted: true,
  returnsDeleted: false,
} as const;

/** The kinds that clusters with CSI drivers have from the external snapshotter, built in here. */
export const snapshotType: ResourceType<VolumeSnapshot> = {
  ...snapshots,
  kind: "VolumeSnapshot",
  resource: "volumesnapshots",
  shortNames: ["vs"],
  namespaced: true,
  subresources: ["status"],
  schema: z.looseObject({ spec: z.looseObject({}) }),
  validate: ({ spec }) => (spec.source === undefined ? [required("spec.source")] : []),
};

export const snapshotContentType: ResourceType = {
  ...snapshots,
  kind: "VolumeSnapshotContent",
  resource: "volumesnapshotcontents",
  shortNames: ["vsc", "vscs"],
  namespaced: false,
  subresources: ["status"],
  schema: z.looseObject({ spec: z.looseObject({}) }),
};

export const snapshotClassType: ResourceType = {
  ...snapshots,
  kind: "VolumeSnapshotClass",
  resource: "volumesnapshotclasses",
  shortNames: ["vsclass", "vsclasses"],
  namespaced: false,
  subresources: [],
  schema: z.looseObject({
    driver: z.string("Required value"),
    deletionPolicy: z.enum(["Delete", "Retain"]),
  }),
};
