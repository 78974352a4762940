import { mkdirSync, readFileSync } from "node:fs";
import { Command } from "commander";
import { parse } from "yaml";
import { z } from "zod";
import { startAgents } from "./agents.ts";
import { FaultState } from "./faults/faultState.ts";
import { readFleetFile } from "./fleet/fleetFile.ts";
import type { ApiAccess } from "./nodeAgent/apiClient.ts";
import type { KubeletIdentity } from "./nodeAgent/kubeletServer.ts";

const kubeconfigShape = z.looseObject({
  clusters: z
    .array(
      z.looseObject({
        cluster: z.looseObject({
          server: z.string(),
          "certificate-authority-data": z.base64(),
        }),
      }),
    )
    .length(1),
  users: z.array(z.looseObject({ user: z.looseObject({ token: z.string() }) })).length(1),
});

const kubeletShape = z.object({ cert: z.string(), key: z.string(), clientCa: z.string() });

interface Options {
  readonly kubeconfig: string;
  readonly fleet: string;
  readonly data: string;
  readonly kubelet?: string;
}

const program = new Command("join")
  .description("Adds the nodes and the storage of a fleet to a running Kubernetes cluster.")
  .requiredOption("--kubeconfig <file>", "one cluster and one user with a token")
  .requiredOption("--fleet <file>", "YAML file with the simulated nodes")
  .requiredOption("--data <directory>", "directory of all data")
  .option("--kubelet <file>", "JSON file with the PEM texts cert, key and clientCa; enables logs")
  .showHelpAfterError();

/** Adds the fleet's nodes and storage to the cluster until the process is asked to stop. */
async function main({ kubeconfig, fleet, data, kubelet }: Options): Promise<void> {
  mkdirSync(data, { recursive: true, mode: 0o700 });
  const agents = await startAgents({
    api: readAccess(kubeconfig),
    fleet: readFleetFile(fleet),
    dataDir: data,
    faults: new FaultState(),
    log: (line) => process.stderr.write(`${line}\n`),
    ...(kubelet === undefined ? {} : { kubelet: readKubelet(kubelet) }),
  });
  const stop = () => {
    void agents.stop().then(() => process.exit(0));
  };
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
  process.stdout.write(`${JSON.stringify({ ready: true })}\n`);
}

/** Reads a kubeconfig with one cluster and one user that has a token. */
function readAccess(path: string): ApiAccess {
  const { clusters, users } = kubeconfigShape.parse(parse(readFileSync(path, "utf8")));
  const [{ cluster } = { cluster: { server: "", "certificate-authority-data": "" } }] = clusters;
  const ca = Buffer.from(cluster["certificate-authority-data"], "base64").toString("utf8");
  return { url: cluster.server, ca, token: users[0]?.user.token ?? "" };
}

function readKubelet(path: string): KubeletIdentity {
  return kubeletShape.parse(JSON.parse(readFileSync(path, "utf8")));
}

program.parse();
try {
  await main(program.opts<Options>());
} catch (error) {
  const message = error instanceof z.ZodError ? z.prettifyError(error) : (error as Error).message;
  process.stderr.write(`${message}\n`);
  process.exit(1);
}
