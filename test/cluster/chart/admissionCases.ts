type Json = Record<string, unknown>;

/** Changes to the pod that the control plane creates. */
export interface Change {
  readonly labels?: Json;
  readonly annotations?: Json;
  readonly spec?: Json;
  /** Fields of its container. */
  readonly container?: Json;
  /** Fields of its init container. */
  readonly initContainer?: Json;
}

/** An invalid pod, and the message of the policy. */
export type Case = readonly [description: string, change: Change, message: RegExp];

export const PROFILING = {
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
const SECCOMP = { seccompProfile: { type: "RuntimeDefault" } };

const secured = (securityContext: Json) => ({ container: { securityContext } });
const initSecured = (securityContext: Json) => ({ initContainer: { securityContext } });
/** Security settings of the whole pod. */
const podSecured = (securityContext: Json) => ({
  spec: { securityContext: { ...SECCOMP, ...securityContext } },
});
const volume = (source: Json) => ({ spec: { volumes: [{ name: "v", ...source }] } });
const unconfined = { type: "Unconfined" };
export const SYS_ADMIN = secured({ capabilities: { add: ["SYS_ADMIN"] } });

const HOST = /must not use the host's namespaces/;
const CAPABILITY = /must not add capabilities beyond.*SYS_ADMIN is for profiling nodes only/;
const ADDRESS = /must not direct probes and lifecycle hooks to another host/;
const APP_ARMOR = /must keep its AppArmor profile/;
const SE_LINUX = /must have an SELinux type for containers/;
const HOST_PROCESS = /must not be a Windows host process/;
const windows = { windowsOptions: { hostProcess: true } };

/** Pods that Kubernetes' own baseline rejects too, by the name of its check. */
export const BASELINE: Readonly<Record<string, readonly Case[]>> = {
  "host namespaces": [
    ["on the host's network", { spec: { hostNetwork: true } }, HOST],
    ["in the host's PID namespace", { spec: { hostPID: true } }, HOST],
    ["in the host's IPC namespace", { spec: { hostIPC: true } }, HOST],
  ],
  hostProcess: [
    [
      "that is a Windows host process",
      { spec: { hostNetwork: true, securityContext: { ...SECCOMP, ...windows } } },
      HOST_PROCESS,
    ],
    [
      "with containers that are Windows host processes",
      { spec: { hostNetwork: true }, ...secured(windows), ...initSecured(windows) },
      HOST_PROCESS,
    ],
  ],
  privileged: [
    ["privileged", secured({ privileged: true }), /must not be privileged/],
    [
      "with a privileged init container",
      initSecured({ privileged: true }),
      /must not be privileged/,
    ],
    [
      "privileged, on a profiling node",
      { ...secured({ privileged: true }), spec: PROFILING },
      /must not be privileged/,
    ],
  ],
  "non-default capabilities": [
    ["with a capability", secured({ capabilities: { add: ["NET_ADMIN"] } }), CAPABILITY],
    [
      "with a capability in its init container",
      initSecured({ capabilities: { add: ["NET_RAW"] } }),
      CAPABILITY,
    ],
    ["with all capabilities", secured({ capabilities: { add: ["ALL"] } }), CAPABILITY],
    ["with SYS_ADMIN", SYS_ADMIN, CAPABILITY],
    [
      "with SYS_ADMIN and only the toleration",
      { ...SYS_ADMIN, spec: { tolerations: PROFILING.tolerations } },
      CAPABILITY,
    ],
    [
      "with SYS_ADMIN and only the affinity",
      { ...SYS_ADMIN, spec: { affinity: PROFILING.affinity } },
      CAPABILITY,
    ],
  ],
  "hostPath volumes": [
    ["with a host path", volume({ hostPath: { path: "/" } }), /no host paths and tokens/],
  ],
  hostPort: [
    [
      "with a host port",
      { container: { ports: [{ containerPort: 2222, hostPort: 2222 }] } },
      /must not use a host port/,
    ],
    [
      "with a host port in its init container",
      { initContainer: { ports: [{ containerPort: 1, hostPort: 1 }] } },
      /must not use a host port/,
    ],
  ],
  "probe or lifecycle host": [
    [
      "with an HTTP probe of another host",
      { container: { readinessProbe: { httpGet: { port: 1, host: "10.0.0.1" } } } },
      ADDRESS,
    ],
    [
      "with a TCP probe of another host",
      { container: { livenessProbe: { tcpSocket: { port: 1, host: "10.0.0.1" } } } },
      ADDRESS,
    ],
    [
      "with a startup probe of another host",
      { container: { startupProbe: { tcpSocket: { port: 1, host: "x" } } } },
      ADDRESS,
    ],
    [
      "with a postStart hook to another host",
      { container: { lifecycle: { postStart: { httpGet: { port: 1, host: "x" } } } } },
      ADDRESS,
    ],
    [
      "with a preStop hook to another host",
      { container: { lifecycle: { preStop: { tcpSocket: { port: 1, host: "x" } } } } },
      ADDRESS,
    ],
    [
      "with a sidecar probe of another host",
      {
        initContainer: {
          restartPolicy: "Always",
          startupProbe: { httpGet: { port: 1, host: "x" } },
        },
      },
      ADDRESS,
    ],
  ],
  AppArmor: [
    ["without AppArmor", podSecured({ appArmorProfile: unconfined }), APP_ARMOR],
    ["with a container without AppArmor", secured({ appArmorProfile: unconfined }), APP_ARMOR],
    [
      "without AppArmor in its init container",
      initSecured({ appArmorProfile: unconfined }),
      APP_ARMOR,
    ],
    [
      "without AppArmor, by annotation",
      { annotations: { "container.apparmor.security.beta.kubernetes.io/workspace": "unconfined" } },
      APP_ARMOR,
    ],
  ],
  seLinuxOptions: [
    [
      "with an unconfined SELinux type",
      podSecured({ seLinuxOptions: { type: "spc_t" } }),
      SE_LINUX,
    ],
    [
      "with a container of an unconfined SELinux type",
      secured({ seLinuxOptions: { type: "spc_t" } }),
      SE_LINUX,
    ],
    ["with an SELinux user", secured({ seLinuxOptions: { user: "system_u" } }), SE_LINUX],
    [
      "with an SELinux role in its init container",
      initSecured({ seLinuxOptions: { role: "sysadm_r" } }),
      SE_LINUX,
    ],
  ],
  seccompProfile: [
    ["without seccomp", podSecured({ seccompProfile: unconfined }), /must have a seccomp profile/],
    [
      "with a container without seccomp",
      secured({ seccompProfile: unconfined }),
      /must have a seccomp profile/,
    ],
    [
      "with an init container without seccomp",
      initSecured({ seccompProfile: unconfined }),
      /must have a seccomp profile/,
    ],
  ],
  sysctls: [
    [
      "with a sysctl",
      podSecured({ sysctls: [{ name: "kernel.msgmax", value: "1" }] }),
      /must not set sysctls/,
    ],
  ],
};

/** Pods that only this policy rejects. */
export const OWN_RULES: readonly Case[] = [
  [
    "without the installation's label",
    { labels: {} },
    /must have the label gpu-dev\.io\/installation/,
  ],
  [
    "with a token",
    { spec: { automountServiceAccountToken: true } },
    /must not get a service account token/,
  ],
  [
    "that does not refuse the token",
    { spec: { automountServiceAccountToken: undefined } },
    /must not get a service account token/,
  ],
  [
    "with a token as a volume",
    volume({ projected: { sources: [{ serviceAccountToken: { path: "token" } }] } }),
    /no host paths and tokens/,
  ],
  [
    "with a network volume",
    volume({ nfs: { server: "x", path: "/" } }),
    /no host paths and tokens/,
  ],
  ["without a seccomp setting", { spec: { securityContext: {} } }, /must have a seccomp profile/],
  [
    "with a safe sysctl",
    podSecured({ sysctls: [{ name: "net.ipv4.ip_unprivileged_port_start", value: "0" }] }),
    /must not set sysctls/,
  ],
  [
    "with an unmasked /proc in a user namespace",
    { ...secured({ procMount: "Unmasked" }), spec: { hostUsers: false } },
    /must use the default \/proc mount/,
  ],
  ["with a node name", { spec: { nodeName: "h100-1" } }, /must be scheduled/],
];
