import { parseArgs } from "node:util";
import { startDevCluster } from "./devCluster.ts";
import { readFleetFile } from "./fleet/fleetFile.ts";
import { DataDirectoryInUseError } from "./store/objectFile.ts";

const USAGE =
  "Usage: node dev-cluster/src/main.ts --data DIR [--port N] [--fleet FILE] [--exit-with-parent]";

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
const EXIT_IN_USE = 3;

interface Arguments {
  data: string;
  port: number;
  fleet: string | undefined;
  exitWithParent: boolean;
}

function readArguments(): Arguments {
  const { values } = parseArgs({
    options: {
      data: { type: "string" },
      port: { type: "string", default: "0" },
      fleet: { type: "string" },
      /** Stop when standard input ends, as it does when the process that started this one is gone. */
      "exit-with-parent": { type: "boolean", default: false },
    },
  });
  const port = Number(values.port);
  if (values.data === undefined) throw new Error("Name a directory for the data with --data.");
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new Error(`--port takes a number up to 65535, and not "${values.port}".`);
  }
  return {
    data: values.data,
    port,
    fleet: values.fleet,
    exitWithParent: values["exit-with-parent"],
  };
}

async function main(args: Arguments): Promise<void> {
  const cluster = await startDevCluster({
    dataDir: args.data,
    port: args.port,
    ...(args.fleet === undefined ? {} : { fleet: readFleetFile(args.fleet) }),
    log: (line) => process.stderr.write(`${line}\n`),
  });
  let stopping = false;
  const stop = () => {
    if (stopping) return;
    stopping = true;
    cluster.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        fail(EXIT_FAILED, error);
      },
    );
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
  if (args.exitWithParent) {
    process.stdin.resume();
    process.stdin.on("end", stop);
    process.stdin.on("error", stop);
  }
  const { url, kubeconfigPath: kubeconfig } = cluster;
  process.stdout.write(`${JSON.stringify({ ready: true, url, kubeconfig })}\n`);
}

function fail(code: number, error: unknown): never {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exit(code);
}

let args: Arguments;
try {
  args = readArguments();
} catch (error) {
  process.stderr.write(`${USAGE}\n`);
  fail(EXIT_USAGE, error);
}
try {
  await main(args);
} catch (error) {
  if (!(error instanceof DataDirectoryInUseError)) fail(EXIT_FAILED, error);
  fail(
    EXIT_IN_USE,
    new Error(
      `Another dev cluster already runs on ${args.data}. Stop that one, or name another directory with --data.`,
    ),
  );
}
