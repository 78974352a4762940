import { Minute, Second, systemClock, type Clock } from "./platform/clock.ts";
import { chmodSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { ApiServer } from "./apiServer/apiServer.ts";
import { loadCertificates } from "./certificates.ts";
import { startControllers } from "./controllers/controllers.ts";
import type { Faults } from "./faults/faultEndpoint.ts";
import { FaultState } from "./faults/faultState.ts";
import { RequestFaults } from "./faults/requestFaults.ts";
import { parseFleet, type FleetInput } from "./fleet/fleetFile.ts";
import { kubeconfigText, loadToken, writeKubeconfig } from "./kubeconfig.ts";
import { ObjectOperations } from "./objects/objectOperations.ts";
import { Scheduler } from "./scheduler/scheduler.ts";
import type { NodeAgentOptions } from "./nodeAgent/agentOptions.ts";
import { startAgents } from "./agents.ts";
import { ObjectFile } from "./store/objectFile.ts";
import { ObjectStore } from "./store/objectStore.ts";

export interface DevClusterOptions {
  /** Holds all data. Only one process may use it at a time: see DataDirectoryInUseError. */
  readonly dataDir: string;
  /** 0 or absent for any free port. */
  readonly port?: number;
  /** Without a fleet, the cluster has an API server, a scheduler and controllers, but no nodes. */
  readonly fleet?: FleetInput;
  /** The age of a heartbeat at which its node counts as lost; 40 seconds by default. */
  readonly nodeLeaseMs?: number;
  /** How long a node may be missing before its pods are removed; 40 seconds by default. */
  readonly orphanMs?: number;
  /** Interval between two bookmarks of a watch; 1 minute by default. */
  readonly bookmarkMs?: number;
  /** Number of changes that are kept for resuming watches; 5,000 by default. */
  readonly historyLength?: number;
  /** Settings of the agents of the fleet's nodes. */
  readonly agents?: Pick<
    NodeAgentOptions,
    "containment" | "hidden" | "heartbeatMs" | "resyncMs" | "restartBackOffMs"
  >;
  readonly clock?: Clock;
  /** Receives one line per event that the operator should know about; never a secret. */
  readonly log?: (line: string) => void;
}

export interface DevCluster {
  /** Such as https://127.0.0.1:6443. */
  readonly url: string;
  /** PEM of the authority of the server's certificate. */
  readonly ca: string;
  readonly token: string;
  readonly kubeconfig: string;
  readonly kubeconfigPath: string;
  /** The HTTPS endpoint of fault injection; requires the same token. */
  readonly faultsUrl: string;
  /** The same faults, for callers in this process. */
  readonly faults: Faults;
  stop(): Promise<void>;
}

/** Starts all parts in this process, agents last, and stops them in reverse order. */
export async function startDevCluster(options: DevClusterOptions): Promise<DevCluster> {
  const { dataDir } = options;
  // An invalid fleet is refused before any file is written.
  const fleet = options.fleet === undefined ? undefined : parseFleet(options.fleet, "the options");
  for (const folder of ["", "nodes", "volumes"]) makePrivateFolder(join(dataDir, folder));
  const file = new ObjectFile(join(dataDir, "objects.sqlite"));
  const { historyLength = 5000, log = () => undefined } = options;
  const onError = (error: unknown) => {
    log(`Change listener failed: ${String(error)}`);
  };
  const store = new ObjectStore({ file, historyLength, onError });
  const stops: Stop[] = [
    () => {
      store.close();
    },
  ];
  const stop = async () => {
    for (const stopPart of stops.splice(0).reverse()) await stopPart();
  };
  try {
    const server = await startServer(options, store, stops);
    const { url, ca, token, faults } = server;
    if (fleet !== undefined) {
      const api = { url, ca, token };
      const agents = await startAgents({
        ...options.agents,
        api,
        fleet,
        dataDir,
        faults: faults.nodes,
        log,
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

/** Only this account enters it: it holds Secrets, or files of users. */
function makePrivateFolder(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  chmodSync(path, 0o700);
}

type Stop = () => void | Promise<void>;

interface RunningServer extends Pick<DevCluster, "url" | "ca" | "token" | "faults"> {
  readonly server: ApiServer;
}

/** Starts the server, the scheduler and the controllers: a cluster without nodes. */
async function startServer(
  options: DevClusterOptions,
  store: ObjectStore,
  stops: Stop[],
): Promise<RunningServer> {
  const { dataDir, clock = systemClock, log = () => undefined } = options;
  const operations = new ObjectOperations({ store, clock });
  const onError = (error: unknown) => {
    log(`Controller failed; retrying: ${(error as Error).message}`);
  };
  const token = loadToken(dataDir);
  const certificate = await loadCertificates(dataDir, clock);
  const faults = { requests: new RequestFaults(), nodes: new FaultState() };
  const { port = 0, bookmarkMs = Minute.ms } = options;
  const server = new ApiServer({ operations, faults, token, certificate, port, bookmarkMs });
  const { nodeLeaseMs: leaseMs = 40 * Second.ms, orphanMs: quarantineMs = 40 * Second.ms } =
    options;
  stops.push(startControllers({ operations, clock, leaseMs, quarantineMs, onError }));
  const scheduler = new Scheduler({ operations, onError });
  scheduler.start();
  stops.push(() => {
    scheduler.stop();
  });
  const url = `https://127.0.0.1:${String(await server.start())}`;
  stops.push(() => server.stop());
  return { server, url, ca: certificate.ca, token, faults };
}
