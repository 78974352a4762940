import assert from "node:assert/strict";
import { execFile, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Second } from "@gpu-dev/shared/durations.ts";
import { setTimeout as delay } from "node:timers/promises";
import type { ContainmentChoice } from "../../../dev-cluster/src/nodeAgent/containment.ts";
import { ApiClient } from "../../../dev-cluster/src/nodeAgent/apiClient.ts";
import type { Pod } from "../../../dev-cluster/src/nodeAgent/kubeTypes.ts";
import { startNodeAgents } from "../../../dev-cluster/src/nodeAgent/nodeAgents.ts";
import { startStorageAgent } from "../../../dev-cluster/src/storageAgent/storageAgent.ts";
import { startDevCluster } from "../../../dev-cluster/src/devCluster.ts";
import { parseFleet } from "../../../dev-cluster/src/fleet/fleetFile.ts";

export const NAMESPACE = "gpu-dev";
export const WORKSPACE_IMAGE = "ghcr.io/gpu-dev/workspace:latest";
export const FLEET = parseFleet(
  {
    nodes: [
      {
        name: "gpu-node",
        type: "h100",
        zone: "us-east-2a",
        instanceType: "p5.48xlarge",
        cpus: 192,
        memoryGib: 2048,
        gpus: 8,
        resource: "nvidia.com/gpu",
        gpuModel: "NVIDIA H100 80GB HBM3",
      },
    ],
  },
  "the test",
);

export type AgentFixture = Awaited<ReturnType<typeof startAgentFixture>>;

/** Starts a dev cluster without nodes, and separate agents that a test may stop and start. */
export async function startAgentFixture(containment: ContainmentChoice = "auto") {
  const dataDir = mkdtempSync(join(tmpdir(), "gpu-dev-agent-"));
  const cluster = await startDevCluster({ dataDir: join(dataDir, "cluster") });
  const { url, ca, token } = cluster;
  const api = { url, ca, token };
  const client = new ApiClient(api);
  const faults = cluster.faults.nodes;
  const startAgents = () =>
    startNodeAgents({ api, fleet: FLEET, dataDir, faults, containment, heartbeatMs: Second.ms });
  let agents = await startAgents();
  const storage = await startStorageAgent({ api, dataDir });
  await client
    .create("/api/v1/namespaces", {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: NAMESPACE },
    })
    .catch(() => undefined);
  const key = join(dataDir, "id");
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key]);
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(dataDir, "host")]);
  return {
    dataDir,
    client,
    faults,
    key,
    kind: () => agents.containment.kind,
    logs: () => agents.logs,
    stopAgents: () => agents.stop(),
    startAgents: async () => {
      agents = await startAgents();
    },
    stop: async () => {
      await storage.stop();
      await agents.stop();
      client.close();
      await cluster.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

export async function createSecret(
  { client, dataDir, key }: AgentFixture,
  name: string,
): Promise<void> {
  const base64 = (path: string): string => readFileSync(path).toString("base64");
  await client.create(`/api/v1/namespaces/${NAMESPACE}/secrets`, {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name },
    data: {
      ssh_host_ed25519_key: base64(join(dataDir, "host")),
      "ssh_host_ed25519_key.pub": base64(join(dataDir, "host.pub")),
      authorized_keys: base64(`${key}.pub`),
    },
  });
}

export async function createClaim(
  { client }: AgentFixture,
  name: string,
  spec: object = {},
): Promise<void> {
  await client.create(`/api/v1/namespaces/${NAMESPACE}/persistentvolumeclaims`, {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name },
    spec: {
      accessModes: ["ReadWriteOncePod"],
      resources: { requests: { storage: "1Gi" } },
      ...spec,
    },
  });
}

export interface PodRequest {
  readonly name: string;
  readonly gpus?: number;
  /** The name of a Secret, which makes the pod a workspace pod. */
  readonly secret?: string;
  readonly claim?: string;
  readonly command?: string[];
  readonly image?: string;
  /** Bypasses the scheduler. */
  readonly nodeName?: string;
}

/** Creates a pod as docs/pod-contract.md describes. */
export function createPod({ client }: AgentFixture, request: PodRequest): Promise<Pod> {
  const { name, gpus = 0, secret, claim, command, image = WORKSPACE_IMAGE, nodeName } = request;
  const workspace =
    claim === undefined ? { emptyDir: {} } : { persistentVolumeClaim: { claimName: claim } };
  const quantities = {
    cpu: "1",
    memory: "1Gi",
    ...(gpus === 0 ? {} : { "nvidia.com/gpu": String(gpus) }),
  };
  const keys =
    secret === undefined
      ? { emptyDir: {} }
      : { secret: { secretName: secret, defaultMode: 0o400 } };
  return client.create(`/api/v1/namespaces/${NAMESPACE}/pods`, {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name },
    spec: {
      ...(nodeName === undefined ? {} : { nodeName }),
      restartPolicy: "Always",
      automountServiceAccountToken: false,
      terminationGracePeriodSeconds: 2,
      hostname: "demo",
      tolerations: [{ key: "nvidia.com/gpu", operator: "Exists", effect: "NoSchedule" }],
      containers: [
        {
          name: "workspace",
          image,
          ...(command === undefined ? {} : { command }),
          env: [
            { name: "GPU_DEV_USER", value: "dev" },
            { name: "GPU_DEV_RESERVATION_NAME", value: "demo" },
          ],
          ports: [{ name: "ssh", containerPort: 2222 }],
          ...(secret === undefined
            ? {}
            : {
                readinessProbe: {
                  exec: { command: ["/.gpu-dev/ssh/gpu-dev-sshd", "check"] },
                  periodSeconds: 1,
                },
              }),
          resources: { requests: quantities, limits: quantities },
          volumeMounts: [
            { name: "ssh", mountPath: "/etc/gpu-dev/ssh", readOnly: true },
            { name: "workspace", mountPath: "/workspace" },
            { name: "workspace", mountPath: "/home/dev", subPath: ".home" },
            { name: "shm", mountPath: "/dev/shm" },
          ],
        },
      ],
      volumes: [
        { name: "ssh", ...keys },
        { name: "workspace", ...workspace },
        { name: "shm", emptyDir: { medium: "Memory" } },
      ],
    },
  });
}

export async function getPod({ client }: AgentFixture, name: string): Promise<Pod | undefined> {
  const path = `/api/v1/namespaces/${NAMESPACE}/pods/${name}`;
  return client.get<Pod>(path).catch(() => undefined);
}

export async function deletePod({ client }: AgentFixture, name: string): Promise<void> {
  await client.delete(`/api/v1/namespaces/${NAMESPACE}/pods/${name}`, {});
}

export function isReady(pod: Pod | undefined): pod is Pod {
  const ready = pod?.status?.conditions?.find(({ type }) => type === "Ready");
  return ready?.status === "True";
}

export async function waitForReadyPod(fixture: AgentFixture, name: string): Promise<Pod> {
  const pod = await waitFor(`pod ${name} is ready`, async () => {
    const found = await getPod(fixture, name);
    return isReady(found) ? found : undefined;
  });
  return pod;
}

export async function waitForPodDeletion(fixture: AgentFixture, name: string): Promise<void> {
  await waitFor(`pod ${name} is deleted`, async () =>
    (await getPod(fixture, name)) === undefined ? true : undefined,
  );
}

/** Polls until the value is defined; the error names what was expected. */
export async function waitFor<T>(
  expected: string,
  read: () => Promise<T | undefined> | T | undefined,
  ms = 15 * Second.ms,
): Promise<T> {
  const timeout = AbortSignal.timeout(ms);
  for (;;) {
    const value = await read();
    if (value !== undefined) return value;
    assert.equal(timeout.aborted, false, `timed out after ${String(ms)} ms: ${expected}`);
    await delay(20);
  }
}

export interface CommandResult {
  code: number;
  stdout: string;
  stderr: string;
}

/** Options of ssh, scp and sftp that ignore the user's own configuration. */
export function sshOptions({ key }: AgentFixture): string[] {
  const settings = [
    "StrictHostKeyChecking=no",
    "UserKnownHostsFile=/dev/null",
    "IdentitiesOnly=yes",
    "BatchMode=yes",
    "LogLevel=ERROR",
    "Port=2222",
  ];
  return ["-F", "none", "-i", key, ...settings.flatMap((setting) => ["-o", setting])];
}

export function ssh(
  fixture: AgentFixture,
  pod: Pod,
  args: string[],
  input = "",
): Promise<CommandResult> {
  const target = `dev@${pod.status?.podIP ?? ""}`;
  return run(
    "ssh",
    [...sshOptions(fixture), ...args.slice(0, -1), target, ...args.slice(-1)],
    input,
  );
}

export function run(file: string, args: string[], input = ""): Promise<CommandResult> {
  return new Promise((resolve) => {
    const child = execFile(
      file,
      args,
      { timeout: 20_000, maxBuffer: 64 * 1024 * 1024 },
      (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code ?? -1), stdout, stderr });
      },
    );
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(input);
  });
}

/** Starts a client that keeps running, to forward ports. Returns a function that ends it. */
export function startClient(file: string, args: string[]): () => void {
  const child = spawn(file, args, { stdio: "ignore" });
  return () => {
    child.kill();
  };
}
