import { MERGE, create, get, object, patch, put, remove } from "./steps.ts";
import type { Step } from "./steps.ts";

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
  create("a snapshot of nothing", SNAPSHOTS, snapshot("empty", { source: {} })),
  create(
    "a snapshot of both sources",
    SNAPSHOTS,
    snapshot("both", {
      source: { persistentVolumeClaimName: "c", volumeSnapshotContentName: "d" },
    }),
  ),
  create(
    "a snapshot of what is there",
    SNAPSHOTS,
    snapshot("there", { source: { volumeSnapshotContentName: "{ns}" } }),
  ),
  create(
    "a snapshot of a class of no name",
    SNAPSHOTS,
    snapshot("class", { ...ofClaim, volumeSnapshotClassName: "" }),
  ),
  create(
    "a snapshot of a number",
    SNAPSHOTS,
    snapshot("number", { source: { persistentVolumeClaimName: 7 } }),
  ),
  create("a snapshot without a spec", SNAPSHOTS, object("VolumeSnapshot", "spec", {}, GROUP)),
  patch("another source", `${SNAPSHOTS}/snap`, MERGE, {
    spec: { source: { persistentVolumeClaimName: "d" } },
  }),
  patch("another class", `${SNAPSHOTS}/snap`, MERGE, { spec: { volumeSnapshotClassName: "y" } }),
  patch("its status", `${SNAPSHOTS}/snap/status`, MERGE, {
    status: { readyToUse: true, creationTime: "2026-01-01T00:00:00Z", restoreSize: "1Gi" },
  }),
  patch("its status of another type", `${SNAPSHOTS}/snap/status`, MERGE, {
    status: { readyToUse: "yes" },
  }),
  patch("its status at no time", `${SNAPSHOTS}/snap/status`, MERGE, {
    status: { creationTime: "yesterday" },
  }),
  patch("its status of no size", `${SNAPSHOTS}/snap/status`, MERGE, {
    status: { restoreSize: "much" },
  }),
  patch("all of its status", `${SNAPSHOTS}/snap/status`, MERGE, { status: null }),
  put("without its version", `${SNAPSHOTS}/snap`, snapshot("snap", ofClaim)),
  get("and reads it", `${SNAPSHOTS}/snap`),
  remove("a snapshot", `${SNAPSHOTS}/snap`),
  create("a content", CONTENTS, content("{ns}")),
  create("a content of no policy", CONTENTS, content("{ns}-1", { deletionPolicy: "Keep" })),
  create("a content without a driver", CONTENTS, content("{ns}-2", { driver: null })),
  create("a content without a source", CONTENTS, content("{ns}-3", { source: {} })),
  create(
    "a content of both sources",
    CONTENTS,
    content("{ns}-4", { source: { volumeHandle: "a", snapshotHandle: "b" } }),
  ),
  create("a content of no snapshot", CONTENTS, content("{ns}-5", { volumeSnapshotRef: null })),
  create(
    "a content of half a snapshot",
    CONTENTS,
    content("{ns}-6", { volumeSnapshotRef: { name: "a" } }),
  ),
  create("a content's other mode", CONTENTS, content("{ns}-7", { sourceVolumeMode: "Filesystem" })),
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
    "a class of another policy",
    CLASSES,
    kind("{ns}-3", { ...CLASS, deletionPolicy: "Keep" }),
  ),
  create("a class with parameters", CLASSES, kind("{ns}-4", { ...CLASS, parameters: { a: "b" } })),
  create(
    "a class with a number for one",
    CLASSES,
    kind("{ns}-5", { ...CLASS, parameters: { a: 1 } }),
  ),
  remove("a class", `${CLASSES}/{ns}`),
  remove("another class", `${CLASSES}/{ns}-4`),
];
