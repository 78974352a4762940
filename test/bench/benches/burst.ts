import type { V1Pod } from "@kubernetes/client-node";
import { createApiClient, type ApiClient } from "@gpu-dev/client/http/apiClient.ts";
import { requestToken } from "@gpu-dev/client/signIn/signIn.ts";
import { eachOf } from "../../cluster/support/load.ts";
import { PodWatch } from "../podWatch.ts";
import { NAMESPACE, type Stack } from "../stack.ts";
import { ratio, type Figure } from "../statistics.ts";

const TYPE = "h100";
const NODES = 1_000;
const COUNTS = [1, 2, 4, 8];
const RESERVATIONS = 1_000;
const AT_ONCE = 16;
/** The quota of a user is 50 reservations. */
const USERS = 25;

/**
 * 1,000 concurrent reservations of 1, 2, 4 and 8 GPUs on 1,000 nodes: from the first POST until all
 * pods run. Floor: a bare client that creates the same pods, each bound to the node that the
 * planner chose.
 */
export async function burst(stack: Stack): Promise<Figure[]> {
  if (!stack.addNodes) throw new Error("the burst needs --cluster kubernetes");
  await stack.addNodes(TYPE, NODES);
  const users = await signInAll(stack);
  const pods = await PodWatch.start(stack);
  try {
    const ours = await running(pods, () =>
      eachOf(RESERVATIONS, AT_ONCE, async (index) => {
        const gpus = COUNTS[index % COUNTS.length] ?? 1;
        const name = `burst-${String(index)}`;
        const body = { gpuType: TYPE, gpus, durationSeconds: 3_600, name };
        await users[index % USERS]?.call("createReservation", { body });
      }),
    );
    await endAll(pods, users, ours.pods);
    const floor = await running(pods, () =>
      eachOf(RESERVATIONS, AT_ONCE, async (index) => {
        const { spec } = ours.pods[index] ?? {};
        if (!spec) throw new Error("a pod to copy has no spec");
        const metadata = {
          name: `floor-${String(index)}`,
          labels: { "gpu-dev.io/installation": "bench" },
        };
        const unbound = Object.entries(spec).filter(([key]) => key !== "nodeName");
        const body = {
          apiVersion: "v1",
          kind: "Pod",
          metadata,
          spec: Object.fromEntries(unbound) as typeof spec,
        };
        await stack.core.createNamespacedPod({ namespace: NAMESPACE, body });
      }),
    );
    return [
      {
        name: "burst",
        budget: "1,000 reservations on 1,000 nodes, all Running: 0.7 of a bare client's rate",
        figures: {
          "ours, per second": ours.rate,
          "bare client, per second": floor.rate,
          ratio: ratio(ours.rate, floor.rate),
        },
      },
    ];
  } finally {
    pods.stop();
  }
}

async function signInAll({ url }: Stack): Promise<ApiClient[]> {
  const clients: ApiClient[] = [];
  for (let index = 0; index < USERS; index += 1) {
    const me = { user: `burst-${String(index)}`, identity: undefined } as const;
    const { token } = await requestToken(url, me);
    clients.push(createApiClient({ baseUrl: url, token: () => token }));
  }
  return clients;
}

/** Runs `work` and returns how many pods per second started, up to the last one. */
async function running(pods: PodWatch, work: () => Promise<void>) {
  const ran = new Map<string, V1Pod>();
  const all = pods.next(
    "MODIFIED",
    (pod) => {
      if (pod.status?.phase === "Running") ran.set(pod.metadata?.uid ?? "", pod);
      return ran.size === RESERVATIONS;
    },
    600_000,
  );
  const before = performance.now();
  const [at] = await Promise.all([all, work()]);
  const rate = Math.round((RESERVATIONS / (at - before)) * 10_000) / 10;
  return { rate, pods: [...ran.values()] };
}

async function endAll(pods: PodWatch, users: readonly ApiClient[], ended: readonly V1Pod[]) {
  const left = new Set(ended.map((pod) => pod.metadata?.uid));
  const all = pods.next(
    "DELETED",
    (pod) => {
      left.delete(pod.metadata?.uid);
      return left.size === 0;
    },
    600_000,
  );
  await Promise.all(
    users.map(async (user) => {
      const { items } = await user.call("listReservations", { query: { limit: 100 } });
      for (const { id } of items) {
        await user.call("cancelReservation", { params: { reservationId: id } });
      }
    }),
  );
  await all;
}
