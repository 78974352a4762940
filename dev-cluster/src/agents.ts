import type { LogSource } from "./apiServer/podLogs.ts";
import type { NodeAgentOptions } from "./nodeAgent/agentOptions.ts";
import { startNodeAgents } from "./nodeAgent/nodeAgents.ts";
import { startStorageAgent } from "./storageAgent/storageAgent.ts";

export interface Agents {
  readonly logs: LogSource;
  /** Ends the pods' processes; the Pod objects remain. */
  stop(): Promise<void>;
}

/** Simulates the nodes and the storage of a fleet as clients of any Kubernetes API. */
export async function startAgents(options: NodeAgentOptions): Promise<Agents> {
  const storage = await startStorageAgent(options);
  try {
    const nodes = await startNodeAgents(options);
    return {
      logs: nodes.logs,
      stop: async () => {
        await nodes.stop();
        await storage.stop();
      },
    };
  } catch (error) {
    await storage.stop();
    throw error;
  }
}
