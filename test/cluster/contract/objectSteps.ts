// Long because: one list of requests, in the order in which they are sent.
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
  remove,
  type Step,
} from "./steps.ts";

const POLICIES = "/apis/networking.k8s.io/v1/namespaces/{ns}/networkpolicies";
const BUDGETS = "/apis/policy/v1/namespaces/{ns}/poddisruptionbudgets";
const LEASES = "/apis/coordination.k8s.io/v1/namespaces/{ns}/leases";
const JOBS = "/apis/batch/v1/namespaces/{ns}/jobs";
const ssh = { name: "ssh", port: 2222, targetPort: "ssh" };
const claim = (name: string, spec: object = {}) =>
  object("PersistentVolumeClaim", name, {
    spec: {
      accessModes: ["ReadWriteOncePod"],
      storageClassName: "none",
      resources: { requests: { storage: "1Gi" } },
      ...spec,
    },
  });
const job = (name: string, spec: object = {}) =>
  object(
    "Job",
    name,
    {
      spec: {
        suspend: true,
        template: { spec: { restartPolicy: "Never", containers: [{ name: "main", image: "x" }] } },
        ...spec,
      },
    },
    "batch/v1",
  );

const inJob = (container: object) => ({
  template: {
    spec: { restartPolicy: "Never", containers: [{ name: "main", image: "x", ...container }] },
  },
});
const labelled = (labels: object) => ({
  template: { ...inJob({}).template, metadata: { labels } },
});

export const OBJECT_STEPS: readonly Step[] = [
  create(
    "a secret",
    SECRETS,
    object("Secret", "s", { stringData: { a: "b" }, data: { c: "ZA==" } }),
  ),
  create("a secret with invalid base64", SECRETS, object("Secret", "bad", { data: { a: "%%%" } })),
  create(
    "a secret with an invalid key",
    SECRETS,
    object("Secret", "key", { data: { "a/b": "ZA==" } }),
  ),
  patch("a secret's data", `${SECRETS}/s`, MERGE, { data: { c: null, e: "Zg==" } }),
  patch("a secret's type", `${SECRETS}/s`, MERGE, { type: "other" }),
  patch("a secret made immutable", `${SECRETS}/s`, MERGE, { immutable: true }),
  patch("an immutable secret", `${SECRETS}/s`, MERGE, { data: { x: "ZA==" } }),
  remove("a secret", `${SECRETS}/s`),
  create("a map", CONFIG_MAPS, object("ConfigMap", "m", { data: { a: "b" } })),
  create("a map with a number", CONFIG_MAPS, object("ConfigMap", "number", { data: { a: 1 } })),
  {
    title: "replaced without a version",
    method: "PUT" as const,
    path: `${CONFIG_MAPS}/m`,
    body: object("ConfigMap", "m", { data: { a: "c" } }),
  },
  {
    title: "replaced under another name",
    method: "PUT" as const,
    path: `${CONFIG_MAPS}/m`,
    body: object("ConfigMap", "n", {}),
  },
  {
    title: "replaced by an old version",
    method: "PUT" as const,
    path: `${CONFIG_MAPS}/m`,
    body: { ...object("ConfigMap", "m"), metadata: { name: "m", resourceVersion: "1" } },
  },
  {
    title: "replaced although it does not exist",
    method: "PUT" as const,
    path: `${CONFIG_MAPS}/none`,
    body: object("ConfigMap", "none", {}),
  },
  patch("a new finalizer", `${CONFIG_MAPS}/m`, MERGE, {
    metadata: { finalizers: ["example.org/hold"] },
  }),
  remove("an object with a finalizer", `${CONFIG_MAPS}/m`),
  patch("its last finalizer", `${CONFIG_MAPS}/m`, MERGE, { metadata: { finalizers: null } }),
  get("removed with its last finalizer", `${CONFIG_MAPS}/m`),
  create(
    "a headless service",
    SERVICES,
    object("Service", "headless", {
      spec: {
        clusterIP: "None",
        selector: { a: "b" },
        ports: [ssh],
        publishNotReadyAddresses: true,
      },
    }),
  ),
  create(
    "a service without ports",
    SERVICES,
    object("Service", "portless", { spec: { selector: { a: "b" } } }),
  ),
  create(
    "a service with two unnamed ports",
    SERVICES,
    object("Service", "two", { spec: { ports: [{ port: 1 }, { port: 2 }] } }),
  ),
  create(
    "a service with a name of digits",
    SERVICES,
    object("Service", "1", { spec: { ports: [ssh] } }),
  ),
  create(
    "a service with a name like a reservation's",
    SERVICES,
    object("Service", "gd-01abc", { spec: { clusterIP: "None", ports: [ssh] } }),
  ),
  patch("a service's address, which is immutable", `${SERVICES}/headless`, MERGE, {
    spec: { clusterIP: "10.0.0.7" },
  }),
  remove("a service", `${SERVICES}/headless`),
  create("a claim", CLAIMS, claim("c")),
  create("a claim without a size", CLAIMS, claim("size", { resources: {} })),
  create("a claim without a mode", CLAIMS, claim("mode", { accessModes: [] })),
  create("a claim with an unknown mode", CLAIMS, claim("unknown", { accessModes: ["Sometimes"] })),
  create(
    "a claim with ReadWriteOncePod and another mode",
    CLAIMS,
    claim("mixed", { accessModes: ["ReadWriteOncePod", "ReadWriteOnce"] }),
  ),
  create(
    "a claim from a snapshot",
    CLAIMS,
    claim("restored", {
      dataSource: { apiGroup: "snapshot.storage.k8s.io", kind: "VolumeSnapshot", name: "snap" },
    }),
  ),
  patch("a smaller claim", `${CLAIMS}/c`, MERGE, {
    spec: { resources: { requests: { storage: "1Mi" } } },
  }),
  patch("another mode", `${CLAIMS}/c`, MERGE, { spec: { accessModes: ["ReadWriteOnce"] } }),
  create(
    "a network policy",
    POLICIES,
    object(
      "NetworkPolicy",
      "p",
      {
        spec: {
          podSelector: { matchLabels: { a: "b" } },
          ingress: [{ from: [{ podSelector: {} }], ports: [{ port: 2222 }] }],
        },
      },
      "networking.k8s.io/v1",
    ),
  ),
  create(
    "a network policy with egress",
    POLICIES,
    object(
      "NetworkPolicy",
      "e",
      {
        spec: {
          podSelector: {},
          egress: [{ to: [{ ipBlock: { cidr: "0.0.0.0/0", except: ["169.254.169.254/32"] } }] }],
        },
      },
      "networking.k8s.io/v1",
    ),
  ),
  create(
    "a network policy with an invalid block",
    POLICIES,
    object(
      "NetworkPolicy",
      "bad",
      { spec: { podSelector: {}, egress: [{ to: [{ ipBlock: { cidr: "nowhere" } }] }] } },
      "networking.k8s.io/v1",
    ),
  ),
  create(
    "a disruption budget",
    BUDGETS,
    object(
      "PodDisruptionBudget",
      "b",
      { spec: { maxUnavailable: 0, selector: { matchLabels: { a: "b" } } } },
      "policy/v1",
    ),
  ),
  create(
    "a budget with a minimum and a maximum",
    BUDGETS,
    object(
      "PodDisruptionBudget",
      "both",
      { spec: { maxUnavailable: 0, minAvailable: 1, selector: {} } },
      "policy/v1",
    ),
  ),
  create(
    "a lease",
    LEASES,
    object(
      "Lease",
      "l",
      {
        spec: {
          holderIdentity: "h",
          leaseDurationSeconds: 40,
          renewTime: "2026-01-01T00:00:00.000000Z",
        },
      },
      "coordination.k8s.io/v1",
    ),
  ),
  create(
    "a lease with a duration of 0",
    LEASES,
    object("Lease", "zero", { spec: { leaseDurationSeconds: 0 } }, "coordination.k8s.io/v1"),
  ),
  create(
    "a lease with an invalid time",
    LEASES,
    object("Lease", "time", { spec: { renewTime: "yesterday" } }, "coordination.k8s.io/v1"),
  ),
  create("a job", JOBS, job("j")),
  create(
    "a job that always restarts",
    JOBS,
    job("always", {
      template: { spec: { restartPolicy: "Always", containers: [{ name: "main", image: "x" }] } },
    }),
  ),
  create("a job's container with an invalid name", JOBS, job("name", inJob({ name: "A_B" }))),
  create("a job's container without an image", JOBS, job("image", inJob({ image: undefined }))),
  create("a job's port out of range", JOBS, job("port", inJob({ ports: [{ containerPort: 0 }] }))),
  create("a job's invalid label", JOBS, job("label", labelled({ "a b": "c" }))),
  create("a job's own labels", JOBS, job("labelled", labelled({ own: "label" }))),
  create("a job's name that is too long for a label", JOBS, job("j".repeat(70))),
  create("a job with negative numbers", JOBS, job("less", { parallelism: -1, backoffLimit: -1 })),
  patch("the template of a job that has not started", `${JOBS}/j`, MERGE, {
    spec: { template: { spec: { nodeSelector: { a: "b" } } } },
  }),
  patch("a job's selector", `${JOBS}/j`, MERGE, {
    spec: { selector: { matchLabels: { a: "b" } } },
  }),
  patch("a job's completions", `${JOBS}/j`, MERGE, { spec: { completions: 2 } }),
  create("a job that starts", JOBS, job("started", { suspend: false, parallelism: 0 })),
  patch("the template of a job that has started", `${JOBS}/started`, MERGE, {
    spec: { template: { spec: { nodeSelector: { a: "b" } } } },
  }),
  create("a job without a template", JOBS, object("Job", "none", { spec: {} }, "batch/v1")),
  create(
    "a node",
    "/api/v1/nodes",
    object("Node", "contract-{ns}", {
      spec: { taints: [{ key: "nvidia.com/gpu", value: "present", effect: "NoSchedule" }] },
    }),
  ),
  create(
    "a node with an invalid taint",
    "/api/v1/nodes",
    object("Node", "bad-{ns}", { spec: { taints: [{ key: "a", effect: "Never" }] } }),
  ),
  create(
    "a node with a taint without an effect",
    "/api/v1/nodes",
    object("Node", "bad-{ns}", { spec: { taints: [{ key: "a" }] } }),
  ),
  patch("a node's capacity", "/api/v1/nodes/contract-{ns}/status", MERGE, {
    status: {
      allocatable: { cpu: "8", "nvidia.com/gpu": "8" },
      capacity: { cpu: "8", "nvidia.com/gpu": "8" },
    },
  }),
  patch("a cordon", "/api/v1/nodes/contract-{ns}", MERGE, { spec: { unschedulable: true } }),
  remove("a node", "/api/v1/nodes/contract-{ns}"),
  create("a namespace that exists", "/api/v1/namespaces", object("Namespace", "{ns}")),
  create("a namespace's name with a dot", "/api/v1/namespaces", object("Namespace", "a.b")),
  create(
    "in a namespace that does not exist",
    "/api/v1/namespaces/nowhere-at-all/configmaps",
    object("ConfigMap", "m"),
  ),
];
