type Json = Record<string, unknown>;

/** What is changed in the pod that the control plane makes. */
export interface Change {
  readonly labels?: Json;
  readonly annotations?: Json;
  readonly spec?: Json;
  /** In its container, or in its init container. */
  readonly container?: Json;
  readonly initContainer?: Json;
}

/** What is wrong with a pod, and what we say of it. */
export type Case = readonly [what: string, change: Change, why: RegExp];

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
/** Of the pod as a whole. */
const all = (securityContext: Json) => ({
  spec: { securityContext: { ...SECCOMP, ...securityContext } },
});
const volume = (source: Json) => ({ spec: { volumes: [{ name: "v", ...source }] } });
const unconfined = { type: "Unconfined" };
export const SYS_ADMIN = secured({ capabilities: { add: ["SYS_ADMIN"] } });

const HOST = /none of the host's namespaces/;
const CAPABILITY = /no capability beyond.*SYS_ADMIN is for profiling nodes alone/;
const ADDRESS = /at its own address alone/;
const APP_ARMOR = /not without its AppArmor profile/;
const SE_LINUX = /the SELinux type of a container/;
const HOST_PROCESS = /no process of a Windows host/;
const windows = { windowsOptions: { hostProcess: true } };

/** What Kubernetes' own baseline refuses too, by the name that it has for each. */
export const BASELINE: Readonly<Record<string, readonly Case[]>> = {
  "host namespaces": [
    ["on the host's network", { spec: { hostNetwork: true } }, HOST],
    ["among the host's processes", { spec: { hostPID: true } }, HOST],
    ["in the host's IPC", { spec: { hostIPC: true } }, HOST],
  ],
  hostProcess: [
    [
      "that is a process of a Windows host",
      { spec: { hostNetwork: true, securityContext: { ...SECCOMP, ...windows } } },
      HOST_PROCESS,
    ],
    [
      "with containers that are",
      { spec: { hostNetwork: true }, ...secured(windows), ...initSecured(windows) },
      HOST_PROCESS,
    ],
  ],
  privileged: [
    ["privileged", secured({ privileged: true }), /not privileged/],
    ["privileged at its start", initSecured({ privileged: true }), /not privileged/],
    [
      "privileged, on a profiling node",
      { ...secured({ privileged: true }), spec: PROFILING },
      /not privileged/,
    ],
  ],
  "non-default capabilities": [
    ["with a capability", secured({ capabilities: { add: ["NET_ADMIN"] } }), CAPABILITY],
    [
      "with a capability at its start",
      initSecured({ capabilities: { add: ["NET_RAW"] } }),
      CAPABILITY,
    ],
    ["with all capabilities", secured({ capabilities: { add: ["ALL"] } }), CAPABILITY],
    ["with SYS_ADMIN", SYS_ADMIN, CAPABILITY],
    [
      "with SYS_ADMIN and the toleration alone",
      { ...SYS_ADMIN, spec: { tolerations: PROFILING.tolerations } },
      CAPABILITY,
    ],
    [
      "with SYS_ADMIN and the affinity alone",
      { ...SYS_ADMIN, spec: { affinity: PROFILING.affinity } },
      CAPABILITY,
    ],
  ],
  "hostPath volumes": [
    [
      "with a path of the host",
      volume({ hostPath: { path: "/" } }),
      /neither host paths nor tokens/,
    ],
  ],
  hostPort: [
    [
      "with a port of the host",
      { container: { ports: [{ containerPort: 2222, hostPort: 2222 }] } },
      /no port of the host/,
    ],
    [
      "with a port of the host at its start",
      { initContainer: { ports: [{ containerPort: 1, hostPort: 1 }] } },
      /no port of the host/,
    ],
  ],
  "probe or lifecycle host": [
    [
      "probed elsewhere by HTTP",
      { container: { readinessProbe: { httpGet: { port: 1, host: "10.0.0.1" } } } },
      ADDRESS,
    ],
    [
      "probed elsewhere by TCP",
      { container: { livenessProbe: { tcpSocket: { port: 1, host: "10.0.0.1" } } } },
      ADDRESS,
    ],
    [
      "told to have started elsewhere",
      { container: { startupProbe: { tcpSocket: { port: 1, host: "x" } } } },
      ADDRESS,
    ],
    [
      "that calls elsewhere at its start",
      { container: { lifecycle: { postStart: { httpGet: { port: 1, host: "x" } } } } },
      ADDRESS,
    ],
    [
      "that calls elsewhere at its end",
      { container: { lifecycle: { preStop: { tcpSocket: { port: 1, host: "x" } } } } },
      ADDRESS,
    ],
    [
      "with a helper that is probed elsewhere",
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
    ["without AppArmor", all({ appArmorProfile: unconfined }), APP_ARMOR],
    ["with a container without AppArmor", secured({ appArmorProfile: unconfined }), APP_ARMOR],
    ["without AppArmor at its start", initSecured({ appArmorProfile: unconfined }), APP_ARMOR],
    [
      "without AppArmor, by annotation",
      { annotations: { "container.apparmor.security.beta.kubernetes.io/workspace": "unconfined" } },
      APP_ARMOR,
    ],
  ],
  seLinuxOptions: [
    ["of a free SELinux type", all({ seLinuxOptions: { type: "spc_t" } }), SE_LINUX],
    [
      "with a container of a free SELinux type",
      secured({ seLinuxOptions: { type: "spc_t" } }),
      SE_LINUX,
    ],
    ["with an SELinux user", secured({ seLinuxOptions: { user: "system_u" } }), SE_LINUX],
    [
      "with an SELinux role at its start",
      initSecured({ seLinuxOptions: { role: "sysadm_r" } }),
      SE_LINUX,
    ],
  ],
  seccompProfile: [
    ["free of seccomp", all({ seccompProfile: unconfined }), /has a seccomp profile/],
    [
      "with a container free of seccomp",
      secured({ seccompProfile: unconfined }),
      /has a seccomp profile/,
    ],
    [
      "free of seccomp at its start",
      initSecured({ seccompProfile: unconfined }),
      /has a seccomp profile/,
    ],
  ],
  sysctls: [
    ["with a sysctl", all({ sysctls: [{ name: "kernel.msgmax", value: "1" }] }), /sets no sysctl/],
  ],
};

/** What is ours alone: the baseline lets it pass. */
export const OURS: readonly Case[] = [
  ["without our label", { labels: {} }, /its label gpu-dev\.io\/installation/],
  ["with a token", { spec: { automountServiceAccountToken: true } }, /no service account token/],
  [
    "that does not say that it wants none",
    { spec: { automountServiceAccountToken: undefined } },
    /no service account token/,
  ],
  [
    "with a token as a volume",
    volume({ projected: { sources: [{ serviceAccountToken: { path: "token" } }] } }),
    /neither host paths nor tokens/,
  ],
  [
    "with a volume from elsewhere",
    volume({ nfs: { server: "x", path: "/" } }),
    /neither host paths nor tokens/,
  ],
  ["that leaves seccomp to the node", { spec: { securityContext: {} } }, /has a seccomp profile/],
  [
    "with a safe sysctl",
    all({ sysctls: [{ name: "net.ipv4.ip_unprivileged_port_start", value: "0" }] }),
    /sets no sysctl/,
  ],
  [
    "that sees all of /proc, if only in a user namespace",
    { ...secured({ procMount: "Unmasked" }), spec: { hostUsers: false } },
    /sees \/proc as usual/,
  ],
  ["that names its node", { spec: { nodeName: "h100-1" } }, /goes through the scheduler/],
];
