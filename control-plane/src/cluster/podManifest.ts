import { LABEL } from "./labels.ts";
import type { PodRequest } from "./port.ts";

/** The pod of `docs/pod-contract.md`, field by field. */
export function podManifest(pod: PodRequest, installation: string) {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: pod.name,
      labels: {
        [LABEL.installation]: installation,
        [LABEL.reservation]: pod.reservationId,
        [LABEL.user]: pod.userId,
        [LABEL.rank]: String(pod.rank),
        [LABEL.attempt]: String(pod.attempt),
      },
    },
    spec: {
      restartPolicy: "Always",
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      terminationGracePeriodSeconds: 10,
      hostname: pod.reservationName,
      subdomain: pod.serviceName,
      securityContext: { seccompProfile: { type: "RuntimeDefault" } },
      affinity: { nodeAffinity: onNode(pod.node) },
      tolerations: [{ key: "nvidia.com/gpu", operator: "Exists", effect: "NoSchedule" }],
      containers: [workspaceContainer(pod)],
      volumes: volumes(pod),
    },
  };
}

/** Required, and by host name: `spec.nodeName` would pass the scheduler by, and with it the binding of volumes. */
function onNode(node: string) {
  return {
    requiredDuringSchedulingIgnoredDuringExecution: {
      nodeSelectorTerms: [
        { matchExpressions: [{ key: LABEL.hostname, operator: "In", values: [node] }] },
      ],
    },
  };
}

function workspaceContainer(pod: PodRequest) {
  const amounts = {
    cpu: String(pod.cpus),
    memory: `${String(pod.memoryGib)}Gi`,
    ...(pod.gpu === null ? {} : { [pod.gpu.resource]: String(pod.gpu.count) }),
  };
  return {
    name: "workspace",
    image: pod.image,
    ports: [{ name: "ssh", containerPort: 2222 }],
    readinessProbe: { tcpSocket: { port: "ssh" }, periodSeconds: 1, timeoutSeconds: 1 },
    resources: { requests: amounts, limits: amounts },
    env: [
      { name: "GPU_DEV_RESERVATION_ID", value: pod.reservationId },
      { name: "GPU_DEV_RESERVATION_NAME", value: pod.reservationName },
      { name: "GPU_DEV_USER", value: "dev" },
      { name: "GPU_DEV_EXPIRES_FILE", value: "/etc/gpu-dev/ssh/expires_at" },
    ],
    volumeMounts: [
      { name: "ssh", mountPath: "/etc/gpu-dev/ssh", readOnly: true },
      { name: "workspace", mountPath: "/workspace" },
      { name: "workspace", mountPath: "/home/dev", subPath: ".home" },
      { name: "shm", mountPath: "/dev/shm" },
    ],
  };
}

function volumes(pod: PodRequest) {
  return [
    {
      name: "ssh",
      secret: {
        secretName: pod.secretName,
        items: [
          { key: "ssh_host_ed25519_key", path: "ssh_host_ed25519_key", mode: 0o400 },
          { key: "ssh_host_ed25519_key.pub", path: "ssh_host_ed25519_key.pub" },
          { key: "authorized_keys", path: "authorized_keys" },
          { key: "expires_at", path: "expires_at" },
        ],
      },
    },
    {
      name: "workspace",
      ...(pod.claimName === null
        ? { emptyDir: {} }
        : { persistentVolumeClaim: { claimName: pod.claimName } }),
    },
    { name: "shm", emptyDir: { medium: "Memory" } },
  ];
}
