import { LABEL } from "./kubeObjects.ts";
import type { PodRequest } from "./port.ts";

/** The init container copies the SSH server here; it starts the image's own program. */
const SSH_SERVER_FOLDER = "/.gpu-dev/ssh";
/**
 * Group of all volumes, so that an image with any user can read its keys and write its workspace.
 */
const VOLUME_GROUP = 2222;

/** The pod of `docs/pod-contract.md`, field by field. */
export function podManifest(
  pod: PodRequest,
  { installation, sshServerImage }: { installation: string; sshServerImage: string },
) {
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
      securityContext: {
        seccompProfile: { type: "RuntimeDefault" },
        fsGroup: VOLUME_GROUP,
        // Otherwise each start would walk every file of the disk.
        fsGroupChangePolicy: "OnRootMismatch",
      },
      affinity: { nodeAffinity: onNode(pod.node) },
      tolerations: [{ key: "nvidia.com/gpu", operator: "Exists", effect: "NoSchedule" }],
      initContainers: [sshServerContainer(sshServerImage)],
      containers: [workspaceContainer(pod)],
      volumes: volumes(pod),
    },
  };
}

/**
 * Required affinity by host name: `spec.nodeName` would bypass the scheduler, and with it volume
 * binding.
 */
function onNode(node: string) {
  return {
    requiredDuringSchedulingIgnoredDuringExecution: {
      nodeSelectorTerms: [
        { matchExpressions: [{ key: LABEL.hostname, operator: "In", values: [node] }] },
      ],
    },
  };
}

/** Copies one static program; see docs/adr/0012-an-ssh-server-for-any-image.md. */
function sshServerContainer(image: string) {
  return {
    name: "ssh-server",
    image,
    args: ["install", SSH_SERVER_FOLDER],
    resources: {
      requests: { cpu: "10m", memory: "16Mi" },
      limits: { cpu: "1", memory: "64Mi" },
    },
    securityContext: {
      runAsNonRoot: true,
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    },
    volumeMounts: [{ name: "ssh-server", mountPath: SSH_SERVER_FOLDER }],
  };
}

function workspaceContainer(pod: PodRequest) {
  const amounts = {
    cpu: String(pod.cpus),
    memory: `${String(pod.memoryGib)}Gi`,
    ...(pod.gpu === undefined ? {} : { [pod.gpu.resource]: String(pod.gpu.count) }),
  };
  return {
    name: "workspace",
    image: pod.image,
    command: [
      `${SSH_SERVER_FOLDER}/gpu-dev-sshd`,
      "serve",
      ...(pod.entrypoint.length === 0 ? [] : ["--", ...pod.entrypoint]),
    ],
    ports: [{ name: "ssh", containerPort: 2222 }],
    ...probes(),
    resources: { requests: amounts, limits: amounts },
    // Every variable of ours that the SSH server reads, so that an image cannot override it.
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
      { name: "ssh-server", mountPath: SSH_SERVER_FOLDER, readOnly: true },
    ],
  };
}

/**
 * The startup probe opens a connection each second, which is cheap. A pod is ready once its server
 * accepts a login; that check runs a program in the container. A server that never starts is ended
 * by the start budget, not by the kubelet.
 */
function probes() {
  const check = { command: [`${SSH_SERVER_FOLDER}/gpu-dev-sshd`, "check"] };
  return {
    startupProbe: { tcpSocket: { port: "ssh" }, periodSeconds: 1, failureThreshold: 86_400 },
    readinessProbe: { exec: check, periodSeconds: 10, timeoutSeconds: 5 },
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
      ...(pod.claimName === undefined
        ? { emptyDir: {} }
        : { persistentVolumeClaim: { claimName: pod.claimName } }),
    },
    { name: "shm", emptyDir: { medium: "Memory" } },
    { name: "ssh-server", emptyDir: { sizeLimit: "64Mi" } },
  ];
}
