import type { NodeFaults } from "../faults/faultState.ts";
import type { Fleet } from "../fleet/fleetFile.ts";
import type { ApiAccess } from "./apiAccess.ts";
import type { KubeletIdentity } from "./kubeletServer.ts";

/** How a pod's processes are kept apart: `auto` takes namespaces where the machine allows them. */
export type ContainmentChoice = "auto" | "namespaces" | "plain";

export interface NodeAgentOptions {
  api: ApiAccess;
  /** The nodes to stand for, and which program each image stands for. */
  fleet: Fleet;
  /** The agents keep everything under <dataDir>/nodes; volumes lie under <dataDir>/volumes. */
  dataDir: string;
  faults: NodeFaults;
  /** How an API server elsewhere is let in to read logs; without it, it can't. */
  kubelet?: KubeletIdentity;
  containment?: ContainmentChoice;
  /** One line per thing worth telling the operator; nothing secret. */
  log?: (line: string) => void;
  /** Between two heartbeats of a node; 10,000 when left out. */
  heartbeatMillis?: number;
  /** Between two full looks at all pods, watch or no watch; 30,000 when left out. */
  resyncMillis?: number;
  /** Wait before the first restart of a container that ended; doubles up to 5 minutes. */
  restartBackOffMillis?: number;
}
