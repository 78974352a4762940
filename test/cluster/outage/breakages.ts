import { waitFor } from "../../support/waitFor.ts";
import type { Scene } from "./scene.ts";

/** Longer than a watch may say nothing, and than a call may take: what is waited for comes by then. */
const NOTICED_MS = 90_000;
const AWAY_MS = 10_000;

export interface Breakages {
  /** From now on: latency, errors, lost answers to what changes something, and pages of HTML. */
  spoil(): void;
  cutWatches(): void;
  killControlPlane(index: number): Promise<void>;
  killApiServer(): Promise<void>;
  crashDatabase(): Promise<void>;
  /** The watches that are open now die without a word, until their clients have given all of them up by themselves. */
  silenceWatches(): Promise<void>;
  /** Calls get no answer, until their clients have given all of them up by themselves. */
  hang(calls: number): Promise<void>;
  /** No call comes through, until the control plane says that it has not heard of the cluster for ten seconds. */
  away(): Promise<void>;
  /** All is well again. */
  mend(): void;
}

export function breakagesOf(scene: Scene, note: (what: string) => void): Breakages {
  const { kubernetes, postgres, processes, proxy } = scene;
  const { requests } = proxy.faults;
  const once = (condition: () => boolean | Promise<boolean>, describe: string) =>
    waitFor(condition, { timeoutMs: NOTICED_MS, intervalMs: 200, describe });
  return {
    spoil: () => {
      requests.add({ id: "slow", match: {}, effect: { latencyMs: 30 }, probability: 0.3 });
      requests.add({ id: "errors", match: {}, effect: { status: 500 }, probability: 0.05 });
      for (const verb of ["create", "delete"]) {
        const lost = { effect: { resetAfter: true as const }, probability: 0.05 };
        requests.add({ id: `lost ${verb}`, match: { verb }, ...lost });
      }
      proxy.pages.probability = 0.02;
      note("latency, errors, lost answers, pages");
    },
    cutWatches: () => {
      requests.add({ id: "cut", match: {}, effect: { dropWatches: true } });
      requests.add({ id: "old", match: { verb: "watch" }, effect: { gone: true }, count: 4 });
      note("watches cut and too old");
    },
    killControlPlane: async (index) => {
      await processes[index]?.stop("SIGKILL");
      note(`control plane ${String(index + 1)} killed`);
      await scene.startAgain(index);
    },
    killApiServer: async () => {
      const startApiServer = await kubernetes.stopApiServer("SIGKILL");
      note("API server killed");
      await startApiServer();
    },
    crashDatabase: async () => {
      note("PostgreSQL stopped as by a crash");
      await postgres.server.stop("immediate");
      await postgres.server.start();
    },
    silenceWatches: async () => {
      const open = proxy.silenceOpenWatches();
      note(`${String(open())} watches dead without a word`);
      await once(() => open() === 0, "every silent watch to be given up");
      note("every silent watch given up");
    },
    hang: async (calls) => {
      requests.add({ id: "hang", match: {}, effect: { hang: true }, count: calls });
      note(`${String(calls)} calls hang`);
      const isSpent = () => !requests.list().some(({ id }) => id === "hang");
      await once(() => isSpent() && proxy.hanging() === 0, "every call that hangs to be given up");
      note("every call that hung given up");
    },
    away: async () => {
      requests.add({ id: "away", match: {}, effect: { reset: true } });
      requests.add({ id: "cut off", match: {}, effect: { dropWatches: true } });
      note("no call comes through");
      const old = async () => (await clusterAge(scene)) > AWAY_MS;
      await once(old, "the control plane to say since when the cluster is away");
      requests.remove("away");
      note("calls come through again");
    },
    mend: () => {
      requests.clear();
      proxy.pages.probability = 0;
      note("mended");
    },
  };
}

/** Milliseconds since the cluster last answered, as users are told. */
async function clusterAge({ users }: Scene): Promise<number> {
  const status = await users[0]?.call("getStatus");
  const asOf = status?.cluster.asOf;
  return asOf == null ? 0 : Date.now() - Date.parse(asOf);
}
