import type { NodeFaults } from "../faults/faultState.ts";
import type { Fleet } from "../fleet/fleetFile.ts";
import type { ApiAccess } from "./apiClient.ts";
import type { ContainmentChoice } from "./containment.ts";
import type { KubeletIdentity } from "./kubeletServer.ts";

export interface NodeAgentOptions {
  readonly api: ApiAccess;
  /** The nodes to simulate, and the program behind each image. */
  readonly fleet: Fleet;
  /** The agents keep everything in <dataDir>/nodes; volumes are in <dataDir>/volumes. */
  readonly dataDir: string;
  readonly faults: NodeFaults;
  /** Folders of this machine that pods must not see, in addition to the data and to homes. */
  readonly hidden?: readonly string[];
  /**
   * Authenticates an external API server that reads logs; without it, that server cannot read them.
   */
  readonly kubelet?: KubeletIdentity;
  readonly containment?: ContainmentChoice;
  /** Receives one line per event that the operator should know about; never a secret. */
  readonly log?: (line: string) => void;
  /** Time between two heartbeats of a node; 10 seconds by default. */
  readonly heartbeatMs?: number;
  /**
   * Time between two full lists of all pods, with or without a working watch; 30 seconds by
   * default.
   */
  readonly resyncMs?: number;
  /** Delay before the first restart of a container that ended; doubles up to 5 minutes. */
  readonly restartBackOffMs?: number;
}
