import { z } from "zod";
import type { KubeObject } from "../kube/kubeObject.ts";
import type { StatusCause } from "../kube/statusError.ts";
import { parseQuantity } from "../kube/quantity.ts";
import { required, invalidField, type ResourceType } from "./resourceType.ts";

type Source = Readonly<Record<string, string>>;

interface VolumeSnapshot extends KubeObject {
  spec: { source?: Source; volumeSnapshotClassName?: string };
  status?: { restoreSize?: string | number };
}

interface VolumeSnapshotContent extends KubeObject {
  spec: {
    source: Source;
    sourceVolumeMode?: string;
    volumeSnapshotRef: { name?: string; namespace?: string };
  };
}

const snapshots = {
  group: "snapshot.storage.k8s.io",
  version: "v1",
  custom: true,
  counted: true,
  replacedByVersion: true,
  returnsDeleted: false,
} as const;

/** The kinds that clusters with CSI drivers get from the external snapshotter, with its rules. */
export const snapshotType: ResourceType<VolumeSnapshot> = {
  ...snapshots,
  kind: "VolumeSnapshot",
  resource: "volumesnapshots",
  shortNames: ["vs"],
  namespaced: true,
  subresources: ["status"],
  schema: z.looseObject({ spec: z.looseObject({}) }),
  validate({ spec, status }) {
    if (spec.source === undefined) return [required("spec.source")];
    const noClass = spec.volumeSnapshotClassName === "";
    const size = status?.restoreSize;
    const noSize = size !== undefined && parseQuantity(size) === undefined;
    return [
      ...exactlyOne(spec.source),
      ...(noClass ? [invalidField("spec.volumeSnapshotClassName", 'Invalid value: ""')] : []),
      ...(noSize ? [invalidField("status.restoreSize", `Invalid value: "${String(size)}"`)] : []),
    ];
  },
  validateUpdate: (next, old) => kept("spec.source", next.spec.source, old.spec.source),
};

export const snapshotContentType: ResourceType<VolumeSnapshotContent> = {
  ...snapshots,
  kind: "VolumeSnapshotContent",
  resource: "volumesnapshotcontents",
  shortNames: ["vsc", "vscs"],
  namespaced: false,
  subresources: ["status"],
  schema: z.looseObject({
    spec: z.looseObject({
      driver: z.string("Required value"),
      deletionPolicy: z.enum(["Delete", "Retain"]),
      source: z.looseObject({}),
      volumeSnapshotRef: z.looseObject({}),
    }),
  }),
  validate: ({ spec: { source, volumeSnapshotRef: ref } }) => [
    ...exactlyOne(source),
    ...(ref.name === undefined || ref.namespace === undefined
      ? [
          invalidField(
            "spec.volumeSnapshotRef",
            "Invalid value: both name and namespace are required",
          ),
        ]
      : []),
  ],
  validateUpdate: ({ spec: next }, { spec: old }) => {
    const mode = ({ sourceVolumeMode }: typeof next): Source =>
      sourceVolumeMode === undefined ? {} : { sourceVolumeMode };
    return [
      ...kept("spec.source", next.source, old.source),
      ...kept("spec", mode(next), mode(old)),
    ];
  },
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

function exactlyOne(source: Source): StatusCause[] {
  if (Object.keys(source).length === 1) return [];
  return [
    invalidField(
      "spec.source",
      `Invalid value: ${JSON.stringify(source)}: exactly one is required`,
    ),
  ];
}

/** A field cannot change once it is set. */
function kept(path: string, next: Source = {}, old: Source = {}): StatusCause[] {
  return Object.entries(old).flatMap(([field, value]) => {
    if (next[field] === value) return [];
    if (next[field] === undefined)
      return [invalidField(path, `Invalid value: ${field} is required once set`)];
    return [
      invalidField(`${path}.${field}`, `Invalid value: "${next[field]}": field is immutable`),
    ];
  });
}
