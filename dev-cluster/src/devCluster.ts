import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { ApiServer } from "./apiServer/apiServer.ts";
import { loadCertificates } from "./certificates.ts";
import type { Clock } from "./clock.ts";
import { systemClock } from "./clock.ts";
import { startControllers } from "./controllers/controllers.ts";
import type { Faults } from "./faults/faultEndpoint.ts";
import { FaultState } from "./faults/faultState.ts";
import { RequestFaults } from "./faults/requestFaults.ts";
import type { FleetInput } from "./fleet/fleetFile.ts";
import { parseFleet } from "./fleet/fleetFile.ts";
import { kubeconfigText, loadToken, writeKubeconfig } from "./kubeconfig.ts";
import { ObjectOperations } from "./objects/objectOperations.ts";
import { Scheduler } from "./scheduler/scheduler.ts";
import type { NodeAgentOptions } from "./nodeAgent/agentOptions.ts";
import { startAgents } from "./agents.ts";
import { ObjectFile } from "./store/objectFile.ts";
import { ObjectStore } from "./store/objectStore.ts";

export interface DevClusterOptions {
  /** Everything is kept below it, and nothing elsewhere. One process at a time: see DataDirectoryInUseError. */
  dataDir: string;
  /** 0, or absent, for any free one. */
  port?: number;
  /** Without a fleet there is an API server, a scheduler and controllers, and no node. */
  fleet?: FleetInput;
  /** How old a node's heartbeat may be before the node counts as lost; 40,000 when left out. */
  nodeLeaseMillis?: number;
  /** How long a node may be missing before its pods are removed; 40,000 when left out. */
  orphanMillis?: number;
  /** Between two bookmarks of a watch; 60,000 when left out. */
  bookmarkMillis?: number;
  /** Changes kept for watches that resume; 5,000 when left out. */
  historyLength?: number;
  /** How the agents of the fleet's nodes go about their work. */
  agents?: Pick<
    NodeAgentOptions,
    "containment" | "heartbeatMillis" | "resyncMillis" | "restartBackOffMillis"
  >;
  clock?: Clock;
  /** One line per thing worth telling the operator; nothing secret. */
  log?: (line: string) => void;
}

export interface DevCluster {
  /** Such as https://127.0.0.1:6443. */
  url: string;
  /** PEM of the authority behind the server's certificate. */
  ca: string;
  token: string;
  kubeconfig: string;
  kubeconfigPath: string;
  /** Where faults are injected over HTTPS, with the same token. */
  faultsUrl: string;
  /** The same faults, for who is in this process. */
  faults: Faults;
  stop(): Promise<void>;
}

/** Starts everything in this process, agents last; stops it in the other order. */
export async function startDevCluster(options: DevClusterOptions): Promise<DevCluster> {
  const { dataDir } = options;
  // A fleet that can't be used is said before anything is touched.
  const fleet = options.fleet === undefined ? undefined : parseFleet(options.fleet, "the options");
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const file = new ObjectFile(join(dataDir, "objects.sqlite"));
  const { historyLength = 5000, log = () => undefined } = options;
  const onError = (error: unknown) => {
    log(`A change could not be told to somebody: ${String(error)}`);
  };
  const store = new ObjectStore({ file, historyLength, onError });
  const stops: Stop[] = [
    () => {
      store.close();
    },
  ];
  const stop = async () => {
    for (const each of stops.splice(0).reverse()) await each();
  };
  try {
    const server = await startServer(options, store, stops);
    const { url, ca, token, faults } = server;
    if (fleet !== undefined) {
      const api = { url, ca, token };
      const agents = await startAgents({
        ...options.agents,
        ...{ api, fleet, dataDir, faults: faults.nodes, log },
      });
      server.server.logSource = agents.logs;
      stops.push(() => agents.stop());
    }
    const kubeconfig = kubeconfigText({ url, ca, token });
    const kubeconfigPath = join(dataDir, "kubeconfig");
    writeKubeconfig(kubeconfigPath, kubeconfig);
    const faultsUrl = `${url}/faults`;
    return { url, ca, token, kubeconfig, kubeconfigPath, faultsUrl, faults, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

type Stop = () => void | Promise<void>;

interface RunningServer extends Pick<DevCluster, "url" | "ca" | "token" | "faults"> {
  server: ApiServer;
}

/** The server, the scheduler and the controllers: what a cluster is without nodes. */
async function startServer(
  options: DevClusterOptions,
  store: ObjectStore,
  stops: Stop[],
): Promise<RunningServer> {
  const { dataDir, clock = systemClock, log = () => undefined } = options;
  const operations = new ObjectOperations({ store, clock });
  const onError = (error: unknown) => {
    log(`A controller stumbled and will try again: ${(error as Error).message}`);
  };
  const token = loadToken(dataDir);
  const certificate = await loadCertificates(dataDir, clock);
  const faults = { requests: new RequestFaults(), nodes: new FaultState() };
  const { port = 0, bookmarkMillis = 60_000 } = options;
  const server = new ApiServer({ operations, faults, token, certificate, port, bookmarkMillis });
  const { nodeLeaseMillis: leaseMillis = 40_000, orphanMillis: quarantineMillis = 40_000 } =
    options;
  stops.push(startControllers({ operations, clock, leaseMillis, quarantineMillis, onError }));
  const scheduler = new Scheduler({ operations, onError });
  scheduler.start();
  stops.push(() => {
    scheduler.stop();
  });
  const url = `https://127.0.0.1:${String(await server.start())}`;
  stops.push(() => server.stop());
  return { server, url, ca: certificate.ca, token, faults };
}
