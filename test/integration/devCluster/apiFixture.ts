import {
  CoreV1Api,
  KubeConfig,
  Watch,
  type ApiException,
  type V1Node,
  type V1Pod,
} from "@kubernetes/client-node";
import {
  startDevCluster,
  type DevCluster,
  type DevClusterOptions,
} from "../../../dev-cluster/src/devCluster.ts";
import { makeTempDir } from "../../support/tempDir.ts";

export interface ApiFixture {
  cluster: DevCluster;
  kubeConfig: KubeConfig;
  core: CoreV1Api;
  /** Stops the cluster and starts it again on the same data directory. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a dev cluster without nodes in its own directory, with the standard client for it. */
export async function startApi(options: Partial<DevClusterOptions> = {}): Promise<ApiFixture> {
  const directory = await makeTempDir("dev-cluster");
  const start = () => startDevCluster({ dataDir: directory.path, ...options });
  const cluster = await start();
  const fixture: ApiFixture = {
    ...clientsOf(cluster),
    async restart() {
      await fixture.cluster.stop();
      Object.assign(fixture, clientsOf(await start()));
    },
    async stop() {
      await fixture.cluster.stop();
      await directory.remove();
    },
  };
  return fixture;
}

function clientsOf(cluster: DevCluster) {
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromString(cluster.kubeconfig);
  return { cluster, kubeConfig, core: kubeConfig.makeApiClient(CoreV1Api) };
}

/** The code and reason of the server's refusal; fails if the call succeeds. */
export async function refusalOf(
  call: Promise<unknown>,
): Promise<{ code: number; reason: string; message: string; causes: { field: string }[] }> {
  try {
    await call;
  } catch (error) {
    const { code, body } = error as ApiException<unknown>;
    const status = (typeof body === "string" ? JSON.parse(body) : body) as {
      reason: string;
      message: string;
      details?: { causes?: { field: string }[] };
    };
    const { reason, message, details } = status;
    return { code, reason, message, causes: details?.causes ?? [] };
  }
  throw new Error("The server accepted a request that it must refuse.");
}

export interface Seen {
  events: { type: string; name: string; version: string; code?: number }[];
  ended: boolean;
  error: unknown;
  abort(): void;
}

/** Watches with the standard client and records the events. */
export async function watchAll(
  fixture: ApiFixture,
  path: string,
  query: Record<string, string | number | boolean> = {},
): Promise<Seen> {
  const seen: Seen = { events: [], ended: false, error: undefined, abort: () => undefined };
  const controller = await new Watch(fixture.kubeConfig).watch(
    path,
    query,
    (type: string, object: { code?: number; metadata?: V1Pod["metadata"] }) => {
      const { name = "", resourceVersion: version = "" } = object.metadata ?? {};
      seen.events.push({ type, name, version, ...(object.code ? { code: object.code } : {}) });
    },
    (error: unknown) => {
      seen.ended = true;
      seen.error = error;
    },
  );
  seen.abort = () => {
    controller.abort();
  };
  return seen;
}

export function podNamed(name: string, spec: Partial<V1Pod["spec"]> = {}): V1Pod {
  return {
    metadata: { name, labels: { app: name } },
    spec: { containers: [{ name: "main", image: "example/pause" }], ...spec },
  };
}

/** A node without an agent that reports itself as ready. */
export function nodeNamed(name: string, gpus = 0, labels: Record<string, string> = {}): V1Node {
  const allocatable = {
    cpu: "8",
    memory: "16Gi",
    pods: "10",
    ...(gpus > 0 ? { "nvidia.com/gpu": String(gpus) } : {}),
  };
  return {
    metadata: { name, labels: { "kubernetes.io/hostname": name, ...labels } },
    status: { allocatable, conditions: [{ type: "Ready", status: "True" }] },
  };
}
