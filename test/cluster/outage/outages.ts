import { Second } from "@gpu-dev/shared/durations.ts";
import { waitFor } from "../../support/waitFor.ts";
import type { OutageFixture } from "./outageFixture.ts";

/** Longer than the silence limit of a watch and the timeout of a call. */
const DETECTION_TIMEOUT_MS = 90 * Second.ms;
const MIN_OUTAGE_MS = 10 * Second.ms;

/** The faults of one test: each method causes one and returns when it has had its effect. */
export interface Outages {
  /** From now on: latency, errors, lost responses to writes, and HTML error pages. */
  startBackgroundFaults(): void;
  dropWatches(): void;
  killControlPlane(index: number): Promise<void>;
  killApiServer(): Promise<void>;
  crashDatabase(): Promise<void>;
  /** The open watches become silent, until their clients have closed all of them. */
  silenceWatches(): Promise<void>;
  /** The next calls get no response, until their clients have closed all of them. */
  hang(calls: number): Promise<void>;
  /**
   * No call succeeds until the control plane reports the cluster as unavailable for ten seconds.
   */
  blockAllCalls(): Promise<void>;
  /** Removes every fault. */
  clear(): void;
}

export function createOutages(fixture: OutageFixture, note: (message: string) => void): Outages {
  const { kubernetes, postgres, processes, proxy } = fixture;
  const { requests } = proxy.faults;
  const once = (condition: () => boolean | Promise<boolean>, describe: string) =>
    waitFor(condition, { timeoutMs: DETECTION_TIMEOUT_MS, intervalMs: 200, describe });
  return {
    startBackgroundFaults: () => {
      requests.add({ id: "slow", match: {}, effect: { latencyMs: 30 }, probability: 0.3 });
      requests.add({ id: "errors", match: {}, effect: { status: 500 }, probability: 0.05 });
      for (const verb of ["create", "delete"]) {
        const lost = { effect: { resetAfter: true as const }, probability: 0.05 };
        requests.add({ id: `lost ${verb}`, match: { verb }, ...lost });
      }
      proxy.pages.probability = 0.02;
      note("latency, errors, lost responses and HTML error pages start");
    },
    dropWatches: () => {
      requests.add({ id: "drop-watches", match: {}, effect: { dropWatches: true } });
      requests.add({ id: "expired", match: { verb: "watch" }, effect: { gone: true }, count: 4 });
      note("watches dropped and expired");
    },
    killControlPlane: async (index) => {
      await processes[index]?.stop("SIGKILL");
      note(`control plane ${String(index + 1)} killed`);
      await fixture.restart(index);
    },
    killApiServer: async () => {
      const startApiServer = await kubernetes.stopApiServer("SIGKILL");
      note("API server killed");
      await startApiServer();
    },
    crashDatabase: async () => {
      note("PostgreSQL killed");
      await postgres.server.stop("immediate");
      await postgres.server.start();
    },
    silenceWatches: async () => {
      const open = proxy.silenceOpenWatches();
      note(`${String(open())} watches are silent`);
      await once(() => open() === 0, "every silent watch to be closed by its client");
      note("every silent watch closed");
    },
    hang: async (calls) => {
      requests.add({ id: "hang", match: {}, effect: { hang: true }, count: calls });
      note(`${String(calls)} calls hang`);
      const isSpent = () => !requests.list().some(({ id }) => id === "hang");
      await once(
        () => isSpent() && proxy.hanging() === 0,
        "every hanging call to be closed by its client",
      );
      note("every hanging call closed");
    },
    blockAllCalls: async () => {
      requests.add({ id: "unavailable", match: {}, effect: { reset: true } });
      requests.add({ id: "drop-watches", match: {}, effect: { dropWatches: true } });
      note("no call succeeds");
      const isLongEnough = async () => (await clusterAge(fixture)) > MIN_OUTAGE_MS;
      await once(isLongEnough, "the control plane to report the outage");
      requests.remove("unavailable");
      note("calls succeed again");
    },
    clear: () => {
      requests.clear();
      proxy.pages.probability = 0;
      note("faults removed");
    },
  };
}

/** Milliseconds since the last contact with the cluster, as the status shows it. */
async function clusterAge({ users }: OutageFixture): Promise<number> {
  const status = await users[0]?.call("getStatus");
  const asOf = status?.cluster.asOf;
  return asOf === undefined ? 0 : Date.now() - Date.parse(asOf);
}
