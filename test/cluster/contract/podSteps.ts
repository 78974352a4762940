import {
  JSON_PATCH,
  MERGE,
  STRATEGIC,
  PODS,
  create,
  get,
  patch,
  pod,
  remove,
  type Step,
} from "./steps.ts";
import { POD_END_STEPS } from "./podEndSteps.ts";

const container = (more: object) => ({
  containers: [{ name: "main", image: "example/x", ...more }],
});
const resources = (requests: object, limits: object) =>
  container({ resources: { requests, limits } });

/** A pod as the control plane creates it, field by field. */
const WORKSPACE = {
  restartPolicy: "Always",
  automountServiceAccountToken: false,
  enableServiceLinks: false,
  terminationGracePeriodSeconds: 10,
  hostname: "demo",
  subdomain: "gd-x",
  securityContext: { seccompProfile: { type: "RuntimeDefault" } },
  affinity: {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [
          {
            matchExpressions: [
              { key: "kubernetes.io/hostname", operator: "In", values: ["h100-1"] },
            ],
          },
        ],
      },
    },
  },
  tolerations: [{ key: "nvidia.com/gpu", operator: "Exists", effect: "NoSchedule" }],
  initContainers: [
    {
      name: "install-ssh-server",
      image: "example/ssh-server:1",
      args: ["install", "/bin-of-ours"],
      volumeMounts: [{ name: "ssh-server", mountPath: "/bin-of-ours" }],
    },
  ],
  containers: [
    {
      name: "workspace",
      image: "example/workspace:latest",
      ports: [{ name: "ssh", containerPort: 2222 }],
      readinessProbe: { tcpSocket: { port: "ssh" }, periodSeconds: 1, timeoutSeconds: 1 },
      resources: {
        requests: { cpu: "43", memory: "460Gi", "nvidia.com/gpu": "2" },
        limits: { cpu: "43", memory: "460Gi", "nvidia.com/gpu": "2" },
      },
      env: [{ name: "GPU_DEV_USER", value: "dev" }],
      volumeMounts: [
        { name: "ssh", mountPath: "/etc/gpu-dev/ssh", readOnly: true },
        { name: "workspace", mountPath: "/workspace" },
        { name: "workspace", mountPath: "/home/dev", subPath: ".home" },
        { name: "shm", mountPath: "/dev/shm" },
      ],
    },
  ],
  volumes: [
    { name: "ssh", secret: { secretName: "s", items: [{ key: "k", path: "k", mode: 0o400 }] } },
    { name: "workspace", persistentVolumeClaim: { claimName: "c" } },
    { name: "shm", emptyDir: { medium: "Memory" } },
    { name: "ssh-server", emptyDir: {} },
  ],
};

export const POD_STEPS: readonly Step[] = [
  create("the defaults of a minimal pod", PODS, pod("small")),
  create("a second pod of the same name", PODS, pod("small")),
  create("the defaults of a workspace pod", PODS, pod("workspace", WORKSPACE)),
  get("a workspace pod", `${PODS}/workspace`),
  create("without containers", PODS, pod("none", { containers: [] })),
  create("without an image", PODS, pod("image", { containers: [{ name: "main" }] })),
  create(
    "two containers with the same name",
    PODS,
    pod("twice", {
      containers: [
        { name: "main", image: "a" },
        { name: "main", image: "b" },
      ],
    }),
  ),
  create("a name with capitals", PODS, pod("Capital")),
  create(
    "a container's name with a dot",
    PODS,
    pod("dotted", { containers: [{ name: "a.b", image: "x" }] }),
  ),
  create(
    "a mount without its volume",
    PODS,
    pod("mount", container({ volumeMounts: [{ name: "v", mountPath: "/v" }] })),
  ),
  create("an invalid quantity", PODS, pod("quantity", resources({ cpu: "many" }, {}))),
  create("a request above its limit", PODS, pod("above", resources({ cpu: "2" }, { cpu: "1" }))),
  create("GPUs without a limit", PODS, pod("gpus", resources({ "nvidia.com/gpu": "1" }, {}))),
  create("GPUs with a limit only", PODS, pod("limit", resources({}, { "nvidia.com/gpu": "1" }))),
  create(
    "half a GPU",
    PODS,
    pod("half", resources({ "nvidia.com/gpu": "500m" }, { "nvidia.com/gpu": "500m" })),
  ),
  create("an unknown restart policy", PODS, pod("policy", { restartPolicy: "Sometimes" })),
  create("an invalid hostname", PODS, pod("hostname", { hostname: "a_b" })),
  create("a grace period of 0", PODS, pod("at-once", { terminationGracePeriodSeconds: 0 })),
  create("a negative grace period", PODS, pod("grace", { terminationGracePeriodSeconds: -1 })),
  create(
    "a port out of range",
    PODS,
    pod("port", container({ ports: [{ containerPort: 70_000 }] })),
  ),
  create("a number instead of a string", PODS, pod("number", { hostname: 7 })),
  create("a string instead of a list", PODS, pod("list", { containers: "none" })),
  create("an invalid label", PODS, pod("label", {}, { labels: { "a b": "c" } })),
  create("an invalid label value", PODS, pod("value", {}, { labels: { a: "b c" } })),
  create("an unknown field, which is dropped", PODS, pod("unknown", { colour: "red" })),
  create(
    "an unknown field, strictly",
    `${PODS}?fieldValidation=Strict`,
    pod("strict", { colour: "red" }),
  ),
  create(
    "an unknown operator of an affinity",
    PODS,
    pod("operator", {
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [
              { matchExpressions: [{ key: "a", operator: "Near", values: ["b"] }] },
            ],
          },
        },
      },
    }),
  ),
  create(
    "an unknown effect of a toleration",
    PODS,
    pod("effect", { tolerations: [{ key: "a", operator: "Exists", effect: "Maybe" }] }),
  ),
  create(
    "a volume with two sources",
    PODS,
    pod("sources", { volumes: [{ name: "v", emptyDir: {}, hostPath: { path: "/" } }] }),
  ),
  create(
    "two volumes with the same name",
    PODS,
    pod("volumes", { volumes: [{ name: "v" }, { name: "v" }] }),
  ),
  create(
    "an environment variable without a name",
    PODS,
    pod("env", container({ env: [{ value: "x" }] })),
  ),
  create(
    "a subPath that contains dots",
    PODS,
    pod("subpath", {
      ...container({ volumeMounts: [{ name: "v", mountPath: "/v", subPath: "../x" }] }),
      volumes: [{ name: "v" }],
    }),
  ),
  create("another kind's object", PODS, {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "kind" },
  }),
  create("another version's object", PODS, { ...pod("version"), apiVersion: "v2" }),
  create("a dry run", `${PODS}?dryRun=All`, pod("dry")),
  get("not created by the dry run", `${PODS}/dry`),
  patch("a merge patch of labels", `${PODS}/small`, MERGE, {
    metadata: { labels: { app: null, more: "yes" } },
  }),
  patch("a merge patch of the spec", `${PODS}/small`, MERGE, {
    spec: { nodeSelector: { a: "b" } },
  }),
  patch("a strategic patch of the image", `${PODS}/small`, STRATEGIC, {
    spec: { containers: [{ name: "main", image: "example/pause:2" }] },
  }),
  patch("a JSON patch", `${PODS}/small`, JSON_PATCH, [
    { op: "add", path: "/metadata/labels/a~1b", value: "c" },
  ]),
  patch("a JSON patch whose test fails", `${PODS}/small`, JSON_PATCH, [
    { op: "test", path: "/metadata/labels/more", value: "no" },
  ]),
  patch("a JSON patch of a path that does not exist", `${PODS}/small`, JSON_PATCH, [
    { op: "remove", path: "/spec/none" },
  ]),
  patch("a patch that is not an object", `${PODS}/small`, MERGE, [1]),
  patch("an unknown type of patch", `${PODS}/small`, "text/plain", {}),
  patch("a patch of an object that does not exist", `${PODS}/nowhere`, MERGE, {}),
  patch("a patch of an old version", `${PODS}/small`, MERGE, {
    metadata: { resourceVersion: "1" },
  }),
  patch("a patch of another uid", `${PODS}/small`, MERGE, {
    metadata: { uid: "00000000-0000-4000-8000-000000000000", labels: { x: "y" } },
  }),
  patch("a status by its own path", `${PODS}/small/status`, STRATEGIC, {
    status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }] },
  }),
  patch("conditions are merged by type", `${PODS}/small/status`, STRATEGIC, {
    status: { conditions: [{ type: "Initialized", status: "True" }] },
  }),
  patch("new conditions come before those that are not named", `${PODS}/small/status`, STRATEGIC, {
    status: {
      conditions: [
        { type: "New", status: "True" },
        { type: "Ready", status: "False" },
      ],
    },
  }),
  patch("finalizers are merged as a set", `${PODS}/small`, STRATEGIC, {
    metadata: { finalizers: ["example.org/b", "example.org/a"] },
  }),
  patch("finalizers are merged again", `${PODS}/small`, STRATEGIC, {
    metadata: { finalizers: ["example.org/c", "example.org/a"] },
  }),
  patch("finalizers are deleted", `${PODS}/small`, STRATEGIC, {
    metadata: {
      "$deleteFromPrimitiveList/finalizers": ["example.org/a", "example.org/b", "example.org/c"],
    },
  }),
  patch("a status by the path of the spec changes nothing", `${PODS}/small`, MERGE, {
    status: { phase: "Failed" },
  }),
  patch("a spec by the path of the status changes nothing", `${PODS}/small/status`, MERGE, {
    spec: { hostname: "x" },
  }),
  patch("the whole status removed", `${PODS}/small/status`, MERGE, { status: null }),
  patch("the whole status removed strategically", `${PODS}/small/status`, STRATEGIC, {
    status: null,
  }),
  get("the pod without its status", `${PODS}/small`),
  get("a list", `${PODS}?labelSelector=more%3Dyes`),
  get("the first page of a list", `${PODS}?limit=1`),
  get(
    "the first page of a selection",
    `${PODS}?limit=1&labelSelector=${encodeURIComponent("app")}`,
  ),
  get("an invalid label selector", `${PODS}?labelSelector=${encodeURIComponent("a in b")}`),
  get("an unknown field of a selector", `${PODS}?fieldSelector=spec.colour%3Dred`),
  get("an unknown field of a watch", `${PODS}?watch=1&fieldSelector=spec.colour%3Dred`),
  get("an invalid field selector of a watch", `${PODS}?watch=1&fieldSelector=spec`),
  get(
    "an invalid label selector of a watch",
    `${PODS}?watch=1&labelSelector=${encodeURIComponent("a in b")}`,
  ),
  get("an invalid continue token", `${PODS}?limit=1&continue=nonsense`),
  remove("by another uid", `${PODS}/small`, {
    preconditions: { uid: "00000000-0000-4000-8000-000000000000" },
  }),
  remove("a dry run of a deletion", `${PODS}/small?dryRun=All`),
  remove("a pod without a node, which is removed at once", `${PODS}/small`),
  remove("a pod that does not exist", `${PODS}/small`),
  get("a removed pod", `${PODS}/small`),
  ...POD_END_STEPS,
];
