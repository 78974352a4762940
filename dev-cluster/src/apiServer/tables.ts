import { Second, type Clock } from "../platform/clock.ts";
import type { KubeObject } from "../kube/kubeObject.ts";
import type { Node } from "../resources/node.ts";
import type { Pod } from "../resources/pod.ts";
import type { ResourceType } from "../resources/resourceType.ts";
import type { PersistentVolumeClaim } from "../resources/volumes.ts";

interface Column {
  readonly name: string;
  readonly type?: "integer";
  /** Only shown with `-o wide`. */
  readonly wide?: boolean;
  cell(object: KubeObject, now: number): string | number;
}

const NAME: Column = { name: "Name", cell: ({ metadata }) => metadata.name };
const AGE: Column = {
  name: "Age",
  cell: ({ metadata }, now) => age(now - Date.parse(metadata.creationTimestamp)),
};

const pods = (
  name: string,
  cell: (pod: Pod) => string | number,
  format: ColumnFormat = {},
): Column => ({
  name,
  ...format,
  cell: (object) => cell(object as Pod),
});
const nodes = (name: string, cell: (node: Node) => string): Column => ({
  name,
  cell: (object) => cell(object as Node),
});
const claims = (name: string, cell: (claim: PersistentVolumeClaim) => string): Column => ({
  name,
  cell: (object) => cell(object as PersistentVolumeClaim),
});

/** The columns of `kubectl get`, by kind; other kinds have name and age. */
const COLUMNS: Readonly<Record<string, readonly Column[]>> = {
  Pod: [
    NAME,
    pods("Ready", ({ spec, status }) => {
      const ready = (status?.containerStatuses ?? []).filter((each) => each.ready === true);
      return `${String(ready.length)}/${String(spec.containers.length)}`;
    }),
    pods("Status", podStatus),
    pods("Restarts", ({ status }) => status?.containerStatuses?.[0]?.restartCount ?? 0, {
      type: "integer",
    }),
    AGE,
    pods("IP", ({ status }) => status?.podIP ?? "<none>", { wide: true }),
    pods("Node", ({ spec }) => spec.nodeName ?? "<none>", { wide: true }),
  ],
  Node: [
    NAME,
    nodes("Status", nodeStatus),
    nodes("Roles", () => "<none>"),
    AGE,
    nodes("Version", ({ status }) => status?.nodeInfo?.["kubeletVersion"] ?? ""),
  ],
  PersistentVolumeClaim: [
    NAME,
    claims("Status", ({ status }) => status?.phase ?? ""),
    claims("Volume", ({ spec }) => spec.volumeName ?? ""),
    claims("Capacity", ({ status }) => status?.capacity?.["storage"] ?? ""),
    claims("StorageClass", ({ spec }) => spec.storageClassName ?? ""),
    AGE,
  ],
};

type ColumnFormat = Pick<Column, "type" | "wide">;

/** Whether the client requests rows to print instead of objects, as `kubectl get` does. */
export function wantsTable(accept: string | undefined): boolean {
  return (accept ?? "").split(",").some((each) => /;as=Table;v=v1\b/.test(`${each};`));
}

/** Objects as rows of a `meta.k8s.io/v1` Table. `metadata` is the list's. */
export function tableOf(
  type: ResourceType,
  objects: readonly KubeObject[],
  metadata: object,
  clock: Clock,
): object {
  const columns = COLUMNS[type.kind] ?? [NAME, AGE];
  const now = clock.now();
  return {
    kind: "Table",
    apiVersion: "meta.k8s.io/v1",
    metadata,
    columnDefinitions: columns.map(({ name, type: kind = "string", wide = false }) => ({
      name,
      type: kind,
      format: name === "Name" ? "name" : "",
      description: "",
      priority: wide ? 1 : 0,
    })),
    rows: objects.map((object) => ({
      cells: columns.map((each) => each.cell(object, now)),
      object: {
        kind: "PartialObjectMetadata",
        apiVersion: "meta.k8s.io/v1",
        metadata: object.metadata,
      },
    })),
  };
}

function podStatus({ metadata, status }: Pod): string {
  if (metadata.deletionTimestamp !== undefined) return "Terminating";
  const state = status?.containerStatuses?.[0]?.state;
  const reason = state?.waiting?.reason ?? state?.terminated?.reason;
  return reason ?? status?.reason ?? status?.phase ?? "Unknown";
}

function nodeStatus({ spec, status }: Node): string {
  const ready = status?.conditions?.find(({ type }) => type === "Ready")?.status;
  const readiness = ready === "True" ? "Ready" : ready === undefined ? "Unknown" : "NotReady";
  return spec?.unschedulable === true ? `${readiness},SchedulingDisabled` : readiness;
}

/** In the two most significant units, as kubectl formats it. */
function age(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / Second.ms));
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  const days = Math.floor(hours / 24);
  if (minutes < 2) return `${String(seconds)}s`;
  if (minutes < 10) return withRest(minutes, "m", seconds % 60, "s");
  if (hours < 3) return `${String(minutes)}m`;
  if (hours < 8) return withRest(hours, "h", minutes % 60, "m");
  if (hours < 48) return `${String(hours)}h`;
  return days < 8 ? withRest(days, "d", hours % 24, "h") : `${String(days)}d`;
}

function withRest(count: number, unit: string, rest: number, restUnit: string): string {
  return `${String(count)}${unit}${rest === 0 ? "" : `${String(rest)}${restUnit}`}`;
}
