import { mkdirSync, readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { parse } from "yaml";
import { z } from "zod";
import { startAgents } from "./agents.ts";
import { FaultState } from "./faults/faultState.ts";
import { readFleetFile } from "./fleet/fleetFile.ts";
import type { ApiAccess } from "./nodeAgent/apiAccess.ts";
import type { KubeletIdentity } from "./nodeAgent/kubeletServer.ts";

const USAGE =
  "Usage: node dev-cluster/src/join.ts --kubeconfig FILE --fleet FILE --data DIR [--kubelet FILE]";

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

/** Joins the fleet's nodes and its storage to a cluster that somebody else runs, until it is asked to stop. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      kubeconfig: { type: "string" },
      fleet: { type: "string" },
      data: { type: "string" },
      /** JSON: `cert`, `key` and `clientCa`, all PEM. Without it the cluster can't read logs. */
      kubelet: { type: "string" },
    },
  });
  const { kubeconfig, fleet, data, kubelet } = values;
  if (kubeconfig === undefined || fleet === undefined || data === undefined) throw new Error(USAGE);
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

/** A kubeconfig of one cluster and one user, who signs in with a token. */
function readAccess(path: string): ApiAccess {
  const { clusters, users } = kubeconfigShape.parse(parse(readFileSync(path, "utf8")));
  const [{ cluster } = { cluster: { server: "", "certificate-authority-data": "" } }] = clusters;
  const ca = Buffer.from(cluster["certificate-authority-data"], "base64").toString("utf8");
  return { url: cluster.server, ca, token: users[0]?.user.token ?? "" };
}

function readKubelet(path: string): KubeletIdentity {
  return kubeletShape.parse(JSON.parse(readFileSync(path, "utf8")));
}

try {
  await main();
} catch (error) {
  const why = error instanceof z.ZodError ? z.prettifyError(error) : (error as Error).message;
  process.stderr.write(`${why}\n`);
  process.exit(1);
}
