import { MERGE, create, get, object, patch, put, remove, type Step } from "./steps.ts";

const GROUP = "snapshot.storage.k8s.io/v1";
const SNAPSHOTS = `/apis/${GROUP}/namespaces/{ns}/volumesnapshots`;
const CONTENTS = `/apis/${GROUP}/volumesnapshotcontents`;
const CLASSES = `/apis/${GROUP}/volumesnapshotclasses`;

const snapshot = (name: string, spec: object) => object("VolumeSnapshot", name, { spec }, GROUP);
const ofClaim = { volumeSnapshotClassName: "x", source: { persistentVolumeClaimName: "c" } };
const content = (name: string, spec: object = {}) =>
  object("VolumeSnapshotContent", name, { spec: { ...CONTENT, ...spec } }, GROUP);
const CONTENT = {
  deletionPolicy: "Retain",
  driver: "example.org/driver",
  source: { volumeHandle: "handle" },
  volumeSnapshotRef: { name: "snap", namespace: "{ns}" },
};
const kind = (name: string, fields: object) => object("VolumeSnapshotClass", name, fields, GROUP);
const CLASS = { driver: "example.org/driver", deletionPolicy: "Delete" };

export const SNAPSHOT_STEPS: readonly Step[] = [
  create("a snapshot", SNAPSHOTS, snapshot("snap", ofClaim)),
  create("a snapshot without a source", SNAPSHOTS, snapshot("nothing", {})),
  create("a snapshot of an empty source", SNAPSHOTS, snapshot("empty", { source: {} })),
  create(
    "a snapshot with both sources",
    SNAPSHOTS,
    snapshot("both", {
      source: { persistentVolumeClaimName: "c", volumeSnapshotContentName: "d" },
    }),
  ),
  create(
    "a snapshot of existing content",
    SNAPSHOTS,
    snapshot("existing", { source: { volumeSnapshotContentName: "{ns}" } }),
  ),
  create(
    "a snapshot with an empty class",
    SNAPSHOTS,
    snapshot("class", { ...ofClaim, volumeSnapshotClassName: "" }),
  ),
  create(
    "a snapshot with a number as its source",
    SNAPSHOTS,
    snapshot("number", { source: { persistentVolumeClaimName: 7 } }),
  ),
  create("a snapshot without a spec", SNAPSHOTS, object("VolumeSnapshot", "spec", {}, GROUP)),
  patch("another source", `${SNAPSHOTS}/snap`, MERGE, {
    spec: { source: { persistentVolumeClaimName: "d" } },
  }),
  patch("another class", `${SNAPSHOTS}/snap`, MERGE, { spec: { volumeSnapshotClassName: "y" } }),
  patch("a snapshot's status", `${SNAPSHOTS}/snap/status`, MERGE, {
    status: { readyToUse: true, creationTime: "2026-01-01T00:00:00Z", restoreSize: "1Gi" },
  }),
  patch("a status with a wrong type", `${SNAPSHOTS}/snap/status`, MERGE, {
    status: { readyToUse: "yes" },
  }),
  patch("a status with an invalid time", `${SNAPSHOTS}/snap/status`, MERGE, {
    status: { creationTime: "yesterday" },
  }),
  patch("a status with an invalid size", `${SNAPSHOTS}/snap/status`, MERGE, {
    status: { restoreSize: "much" },
  }),
  patch("the whole status removed", `${SNAPSHOTS}/snap/status`, MERGE, { status: null }),
  put("a snapshot without a version", `${SNAPSHOTS}/snap`, snapshot("snap", ofClaim)),
  get("a snapshot", `${SNAPSHOTS}/snap`),
  remove("a snapshot", `${SNAPSHOTS}/snap`),
  create("a content", CONTENTS, content("{ns}")),
  create(
    "a content with an unknown policy",
    CONTENTS,
    content("{ns}-1", { deletionPolicy: "Keep" }),
  ),
  create("a content without a driver", CONTENTS, content("{ns}-2", { driver: null })),
  create("a content without a source", CONTENTS, content("{ns}-3", { source: {} })),
  create(
    "a content with both sources",
    CONTENTS,
    content("{ns}-4", { source: { volumeHandle: "a", snapshotHandle: "b" } }),
  ),
  create("a content without a snapshot", CONTENTS, content("{ns}-5", { volumeSnapshotRef: null })),
  create(
    "a content with half a reference",
    CONTENTS,
    content("{ns}-6", { volumeSnapshotRef: { name: "a" } }),
  ),
  create("a content with a mode", CONTENTS, content("{ns}-7", { sourceVolumeMode: "Filesystem" })),
  patch("a content's mode", `${CONTENTS}/{ns}-7`, MERGE, { spec: { sourceVolumeMode: "Block" } }),
  patch("a content's handle", `${CONTENTS}/{ns}`, MERGE, {
    spec: { source: { volumeHandle: "b" } },
  }),
  create(
    "a content without a spec",
    CONTENTS,
    object("VolumeSnapshotContent", "{ns}-8", {}, GROUP),
  ),
  remove("a content", `${CONTENTS}/{ns}`),
  remove("another content", `${CONTENTS}/{ns}-7`),
  create("a class", CLASSES, kind("{ns}", CLASS)),
  create("a class without a driver", CLASSES, kind("{ns}-1", { deletionPolicy: "Delete" })),
  create("a class without a policy", CLASSES, kind("{ns}-2", { driver: "example.org/driver" })),
  create(
    "a class with an unknown policy",
    CLASSES,
    kind("{ns}-3", { ...CLASS, deletionPolicy: "Keep" }),
  ),
  create("a class with parameters", CLASSES, kind("{ns}-4", { ...CLASS, parameters: { a: "b" } })),
  create(
    "a class with a number as a parameter",
    CLASSES,
    kind("{ns}-5", { ...CLASS, parameters: { a: 1 } }),
  ),
  remove("a class", `${CLASSES}/{ns}`),
  remove("another class", `${CLASSES}/{ns}-4`),
];
