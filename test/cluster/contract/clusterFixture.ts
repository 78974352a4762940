import { Hour, Second } from "@gpu-dev/shared/durations.ts";
import type { DevClusterOptions } from "../../../dev-cluster/src/devCluster.ts";
import { waitFor } from "../../support/waitFor.ts";
import { makeNamespace, startServerNamed, type Server, type ServerName } from "./servers.ts";
import { object, STRATEGIC } from "./steps.ts";

export interface Found {
  readonly metadata: {
    readonly uid: string;
    readonly resourceVersion: string;
    readonly deletionTimestamp?: string;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly finalizers?: readonly string[];
    readonly ownerReferences?: readonly { readonly name: string }[];
  };
  readonly spec: {
    readonly nodeName?: string;
    readonly taints?: readonly { readonly key: string; readonly effect: string }[];
  };
  readonly status?: {
    readonly phase?: string;
    readonly succeeded?: number;
    readonly failed?: number;
    readonly active?: number;
    readonly conditions?: readonly {
      type: string;
      status: string;
      reason?: string;
      message?: string;
    }[];
  };
}

export const HOST = "kubernetes.io/hostname";
const TIMEOUT_MS = 20 * Second.ms;

/** A namespace and nodes on one of the two servers, for the behaviour of its controllers. */
export class ClusterFixture {
  readonly server: Server;
  readonly inside: string;
  readonly pods: string;
  readonly #nodes: string[] = [];

  private constructor(server: Server, namespace: string) {
    this.server = server;
    this.inside = `/api/v1/namespaces/${namespace}`;
    this.pods = `${this.inside}/pods`;
  }

  static async start(
    name: ServerName,
    namespace: string,
    options: Partial<DevClusterOptions> = {},
  ): Promise<ClusterFixture> {
    const server = await startServerNamed(name, { nodeLeaseMs: 10 * Hour.ms, ...options });
    await makeNamespace(server, namespace);
    return new ClusterFixture(server, namespace);
  }

  async stop(): Promise<void> {
    for (const node of this.#nodes)
      await this.server.api.request("DELETE", `/api/v1/nodes/${node}`);
    await this.server.stop();
  }

  /** Adds a node that is ready, although it has no agent. */
  async addNode(node: string, gpus = 0, spec: object = {}): Promise<void> {
    await this.server.api.expect("POST", "/api/v1/nodes", {
      ...object("Node", node, { spec }),
      metadata: { name: node, labels: { [HOST]: node, "topology.kubernetes.io/zone": "a" } },
    });
    this.#nodes.push(node);
    const amounts = {
      cpu: "8",
      memory: "16Gi",
      pods: "20",
      ...(gpus === 0 ? {} : { "nvidia.com/gpu": String(gpus) }),
    };
    await this.patchNode(`${node}/status`, { status: { allocatable: amounts, capacity: amounts } });
    await this.reportReady(node, "True");
  }

  reportReady(node: string, status: "True" | "False"): Promise<unknown> {
    const conditions = [{ type: "Ready", status, reason: "TestReport" }];
    return this.patchNode(`${node}/status`, { status: { conditions } });
  }

  patchNode(path: string, body: object): Promise<unknown> {
    return this.server.api.expect("PATCH", `/api/v1/nodes/${path}`, body, STRATEGIC);
  }

  create(pod: string, spec: object = {}, gpus = 0): Promise<Found> {
    const amounts = { cpu: "1", ...(gpus === 0 ? {} : { "nvidia.com/gpu": String(gpus) }) };
    const resources = { limits: amounts, requests: amounts };
    return this.server.api.expect<Found>("POST", this.pods, {
      ...object("Pod", pod),
      metadata: { name: pod, labels: { app: pod } },
      spec: {
        automountServiceAccountToken: false,
        containers: [{ name: "main", image: "x", resources }],
        ...spec,
      },
    });
  }

  async read(path: string): Promise<{ readonly status: number; readonly body: Found }> {
    return this.server.api.request<Found>("GET", path);
  }

  bound(pod: string): Promise<string> {
    return waitFor(async () => (await this.read(`${this.pods}/${pod}`)).body.spec.nodeName, {
      timeoutMs: TIMEOUT_MS,
      describe: `${pod} to be bound`,
    });
  }

  unschedulable(pod: string, message: RegExp): Promise<true> {
    return waitFor(
      async () => {
        const { body } = await this.read(`${this.pods}/${pod}`);
        const scheduled = body.status?.conditions?.find(({ type }) => type === "PodScheduled");
        return scheduled?.reason === "Unschedulable" && message.test(scheduled.message ?? "");
      },
      { timeoutMs: TIMEOUT_MS, describe: `${pod} to be unschedulable: ${String(message)}` },
    );
  }

  removeNow(pod: string): Promise<unknown> {
    return this.server.api.expect("DELETE", `${this.pods}/${pod}`, { gracePeriodSeconds: 0 });
  }

  isRemoved(path: string): Promise<true> {
    return waitFor(async () => (await this.read(path)).status === 404, {
      timeoutMs: TIMEOUT_MS,
      describe: `${path} to be removed`,
    });
  }

  becomes(path: string, holds: (found: Found) => boolean, describe: string): Promise<true> {
    return waitFor(async () => holds((await this.read(path)).body), {
      timeoutMs: TIMEOUT_MS,
      describe,
    });
  }
}
