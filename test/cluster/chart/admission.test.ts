import assert from "node:assert/strict";
import type { ReservationId, UserId } from "@gpu-dev/shared/ids.ts";
import { podManifest } from "../../../control-plane/src/cluster/podManifest.ts";
import type { Kubernetes } from "../support/kubernetes.ts";
import { sharedKubernetes } from "../support/sharedKubernetes.ts";
import { install, policyIsEffective } from "./release.ts";

const NAMESPACE = "admission-pods";
type Json = Record<string, unknown>;

const PROFILING = {
  affinity: {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [
          { matchExpressions: [{ key: "gpu-dev.io/profiling", operator: "In", values: ["true"] }] },
        ],
      },
    },
  },
  tolerations: [{ key: "gpu-dev.io/profiling", operator: "Exists", effect: "NoSchedule" }],
};
const secured = (securityContext: Json) => ({ container: { securityContext } });
const sysAdmin = secured({ capabilities: { add: ["SYS_ADMIN"] } });

interface Change {
  readonly labels?: Json;
  readonly spec?: Json;
  readonly container?: Json;
}

/** What is wrong with each, by the change that makes our own pod so. */
const REFUSED: readonly (readonly [string, Change, RegExp])[] = [
  ["without our label", { labels: {} }, /only the control plane makes pods here/],
  ["on the host's network", { spec: { hostNetwork: true } }, /none of the host's namespaces/],
  ["among the host's processes", { spec: { hostPID: true } }, /none of the host's namespaces/],
  ["privileged", secured({ privileged: true }), /not privileged/],
  ["with a capability", secured({ capabilities: { add: ["NET_ADMIN"] } }), /no capability beyond/],
  ["with SYS_ADMIN", sysAdmin, /SYS_ADMIN is for profiling nodes alone/],
  [
    "with SYS_ADMIN and the toleration alone",
    { ...sysAdmin, spec: { tolerations: PROFILING.tolerations } },
    /SYS_ADMIN is for profiling nodes alone/,
  ],
  [
    "with SYS_ADMIN and the affinity alone",
    { ...sysAdmin, spec: { affinity: PROFILING.affinity } },
    /SYS_ADMIN is for profiling nodes alone/,
  ],
  [
    "privileged, on a profiling node",
    { ...secured({ privileged: true }), spec: PROFILING },
    /not privileged/,
  ],
  [
    "with a path of the host",
    { spec: { volumes: [{ name: "host", hostPath: { path: "/" } }] } },
    /neither host paths nor tokens/,
  ],
  [
    "with a token as a volume",
    {
      spec: {
        volumes: [
          { name: "t", projected: { sources: [{ serviceAccountToken: { path: "token" } }] } },
        ],
      },
    },
    /neither host paths nor tokens/,
  ],
  [
    "with a port of the host",
    { container: { ports: [{ containerPort: 2222, hostPort: 2222 }] } },
    /no port of the host/,
  ],
  ["with a token", { spec: { automountServiceAccountToken: true } }, /no service account token/],
  ["without seccomp", { spec: { securityContext: {} } }, /has a seccomp profile/],
  [
    "with a container without seccomp",
    secured({ seccompProfile: { type: "Unconfined" } }),
    /has a seccomp profile/,
  ],
  [
    "with a sysctl",
    {
      spec: {
        securityContext: {
          seccompProfile: { type: "RuntimeDefault" },
          sysctls: [{ name: "kernel.msgmax", value: "1" }],
        },
      },
    },
    /sets no sysctl/,
  ],
  ["that names its node", { spec: { nodeName: "h100-1" } }, /goes through the scheduler/],
];

describe("S6: the admission policy of users' pods", () => {
  let kubernetes: Kubernetes;
  before(async () => {
    kubernetes = await sharedKubernetes();
    await install(kubernetes, "admission", NAMESPACE);
    await policyIsEffective(kubernetes, NAMESPACE);
  });

  const create = (change: Change, namespace = NAMESPACE) =>
    kubernetes.admin.request<{ message?: string }>(
      "POST",
      `/api/v1/namespaces/${namespace}/pods?dryRun=All`,
      changed(change),
    );

  it("lets our own pod in", async () => {
    const answer = await create({});
    assert.equal(answer.status, 201, answer.body.message);
  });

  it("lets a profiling pod have what Nsight needs", async () => {
    const answer = await create({ ...sysAdmin, spec: PROFILING });
    assert.equal(answer.status, 201, answer.body.message);
  });

  for (const [what, change, why] of REFUSED) {
    it(`refuses a pod ${what}`, async () => {
      const answer = await create(change);
      assert.equal(answer.status, 422);
      assert.match(answer.body.message ?? "", why);
    });
  }

  it("leaves pods elsewhere alone", async () => {
    const answer = await create({ spec: { hostNetwork: true } }, "default");
    assert.equal(answer.status, 201, answer.body.message);
  });
});

/** The pod that the control plane makes, with one thing changed. */
function changed({ labels, spec = {}, container = {} }: Change): object {
  const pod = podManifest(
    {
      ...{ name: "gd-x-0-1", rank: 0, attempt: 1, node: "h100-1", image: "x", entrypoint: [] },
      ...{ cpus: 1, memoryGib: 1, gpu: { resource: "nvidia.com/gpu", count: 1 } },
      ...{ reservationId: "x" as ReservationId, userId: "u" as UserId, reservationName: "demo" },
      ...{ claimName: null, secretName: "gd-x", serviceName: "gd-x" },
    },
    { installation: "installation", sshServerImage: "ssh-server" },
  );
  // Mounts name volumes, so that a pod with others has none.
  const mounts = spec["volumes"] === undefined ? {} : { volumeMounts: [] };
  const [first, ...others] = pod.spec.containers;
  const containers = [{ ...first, ...mounts, ...container }, ...others];
  const initContainers = pod.spec.initContainers.map((each) => ({ ...each, ...mounts }));
  return {
    ...pod,
    metadata: { ...pod.metadata, labels: labels ?? pod.metadata.labels },
    spec: { ...pod.spec, initContainers, ...spec, containers },
  };
}
