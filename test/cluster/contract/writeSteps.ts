import {
  CLAIMS,
  CONFIG_MAPS,
  MERGE,
  SECRETS,
  SERVICES,
  create,
  get,
  object,
  patch,
  put,
  remove,
  type Known,
  type Step,
} from "./steps.ts";

interface Kind {
  readonly path: string;
  readonly apiVersion: string;
  readonly rest: object;
  /** A change that the kind allows, as a merge patch. */
  readonly change: object;
  /** The status to write by its own path, if the kind has one. */
  readonly status?: object;
  /** Cluster-wide kinds are not deleted as a collection, and only one object of them is created. */
  readonly clusterWide?: boolean;
  /** Whether a controller removes it some time after its deletion. */
  readonly lingers?: boolean;
}

const container = { name: "main", image: "x" };
const KINDS: Readonly<Record<string, Kind>> = {
  Job: {
    path: "/apis/batch/v1/namespaces/{ns}/jobs",
    apiVersion: "batch/v1",
    rest: {
      spec: {
        suspend: true,
        template: { spec: { restartPolicy: "Never", containers: [container] } },
      },
    },
    change: { spec: { parallelism: 2 } },
  },
  NetworkPolicy: {
    path: "/apis/networking.k8s.io/v1/namespaces/{ns}/networkpolicies",
    apiVersion: "networking.k8s.io/v1",
    rest: { spec: { podSelector: { matchLabels: { a: "b" } } } },
    change: { spec: { policyTypes: ["Ingress", "Egress"] } },
  },
  PersistentVolumeClaim: {
    path: CLAIMS,
    apiVersion: "v1",
    rest: {
      spec: {
        accessModes: ["ReadWriteOnce"],
        storageClassName: "none",
        resources: { requests: { storage: "1Gi" } },
      },
    },
    change: { metadata: { labels: { changed: "yes" } } },
    lingers: true,
  },
  Node: {
    path: "/api/v1/nodes",
    apiVersion: "v1",
    rest: {},
    change: { metadata: { labels: { changed: "yes" } } },
    status: { capacity: { cpu: "1" }, allocatable: { cpu: "1" } },
    clusterWide: true,
  },
  Lease: {
    path: "/apis/coordination.k8s.io/v1/namespaces/{ns}/leases",
    apiVersion: "coordination.k8s.io/v1",
    rest: {
      spec: {
        holderIdentity: "a",
        leaseDurationSeconds: 40,
        renewTime: "2026-01-01T00:00:00.000000Z",
      },
    },
    change: { spec: { renewTime: "2026-01-01T00:00:10.000000Z" } },
  },
  Secret: {
    path: SECRETS,
    apiVersion: "v1",
    rest: { data: { a: "ZA==" } },
    change: { data: { b: "ZA==" } },
  },
  ConfigMap: {
    path: CONFIG_MAPS,
    apiVersion: "v1",
    rest: { data: { a: "b" } },
    change: { data: { b: "c" } },
  },
  PodDisruptionBudget: {
    path: "/apis/policy/v1/namespaces/{ns}/poddisruptionbudgets",
    apiVersion: "policy/v1",
    rest: { spec: { maxUnavailable: 0, selector: { matchLabels: { a: "none" } } } },
    change: { spec: { maxUnavailable: 1 } },
  },
  Service: {
    path: SERVICES,
    apiVersion: "v1",
    rest: { spec: { clusterIP: "None", selector: { a: "none" } } },
    change: { spec: { selector: { b: "none" } } },
  },
};

/** The life cycle of an object, for each kind. */
export const WRITE_STEPS: readonly Step[] = Object.entries(KINDS).flatMap(([kind, of]) => [
  ...writes(kind, of),
  ...(of.status === undefined ? [] : statusWrites(kind, of, of.status)),
  ...deletions(kind, of),
]);

function path(of: Kind): string {
  return `${of.path}/one-{ns}`;
}

/**
 * The current object with its version; controllers of the real server write to a node between any
 * two steps.
 */
const current = ({ clusterWide }: Kind, known: Known): Known =>
  clusterWide === true ? { ...known, metadata: { ...known.metadata, resourceVersion: "" } } : known;

function writes(kind: string, of: Kind): Step[] {
  const sample = object(kind, "one-{ns}", of.rest, of.apiVersion);
  const versioned = (resourceVersion: string) => ({
    ...sample,
    metadata: { name: "one-{ns}", resourceVersion },
  });
  return [
    create(`${kind}: created`, of.path, sample),
    create(`${kind}: created twice`, of.path, sample),
    create(`${kind}: created with a version`, of.path, versioned("1")),
    get(`${kind}: read`, path(of)),
    patch(`${kind}: changed`, path(of), MERGE, of.change),
    patch(`${kind}: changed without a difference`, path(of), MERGE, of.change),
    patch(`${kind}: changed with an old version`, path(of), MERGE, {
      metadata: { resourceVersion: "1" },
    }),
    put(`${kind}: replaced by itself`, path(of), (known: Known) => current(of, known)),
    put(`${kind}: replaced with its current version`, path(of), (known: Known) => ({
      ...known,
      metadata: { ...current(of, known).metadata, annotations: { replaced: "yes" } },
    })),
    put(`${kind}: replaced with an old version`, path(of), versioned("1")),
    put(`${kind}: replaced with another uid`, path(of), (known: Known) => ({
      ...known,
      metadata: { ...current(of, known).metadata, uid: "00000000-0000-4000-8000-000000000000" },
    })),
    put(`${kind}: replaced without a version`, path(of), ({ metadata: { finalizers } }: Known) => ({
      ...sample,
      metadata: { name: "one-{ns}", finalizers },
    })),
  ];
}

function statusWrites(kind: string, of: Kind, status: object): Step[] {
  const at = `${path(of)}/status`;
  return [
    put(`${kind}: its status replaced`, at, (known: Known) => ({ ...current(of, known), status })),
    put(`${kind}: its status replaced by itself`, at, (known: Known) => current(of, known)),
    put(`${kind}: its status replaced with an old version`, at, (known: Known) => ({
      ...known,
      metadata: { ...known.metadata, resourceVersion: "1" },
    })),
    patch(`${kind}: its status removed`, at, MERGE, { status: null }),
    get(`${kind}: its status read`, at),
  ];
}

function deletions(kind: string, of: Kind): Step[] {
  const metadata = { generateName: "made-", labels: { made: "yes" } };
  const generated = { ...object(kind, "", of.rest, of.apiVersion), metadata };
  const all = `${of.path}?propagationPolicy=Background&labelSelector=made`;
  return [
    remove(`${kind}: deleted with an old version`, path(of), {
      preconditions: { resourceVersion: "1" },
    }),
    remove(
      `${kind}: a dry run of its deletion`,
      `${path(of)}?dryRun=All&propagationPolicy=Background`,
    ),
    remove(`${kind}: deleted`, `${path(of)}?propagationPolicy=Background`),
    ...(of.clusterWide === true
      ? []
      : [
          create(`${kind}: created with a generated name`, of.path, generated),
          remove(`${kind}: an empty collection deleted`, `${all}%3Dno`),
          remove(`${kind}: a collection deleted`, all),
        ]),
    ...(of.lingers === true ? [] : [get(`${kind}: read after its removal`, path(of))]),
  ];
}
