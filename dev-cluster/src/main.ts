import { Command, CommanderError, InvalidArgumentError } from "commander";
import { startDevCluster } from "./devCluster.ts";
import { readFleetFile } from "./fleet/fleetFile.ts";
import { DataDirectoryInUseError } from "./store/objectFile.ts";

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
const EXIT_IN_USE = 3;

interface Options {
  readonly data: string;
  readonly port: number;
  readonly fleet?: string;
  readonly hide: readonly string[];
  readonly exitWithParent?: true;
}

const program = new Command("dev-cluster")
  .description("Runs a small Kubernetes cluster on this machine.")
  .requiredOption("--data <directory>", "directory of all data")
  .option("--port <number>", "port of the API server; 0 for any free port", parsePort, 0)
  .option("--fleet <file>", "YAML file with the simulated nodes; without it there are none")
  .option("--hide <folder...>", "folders that pods must not see", [])
  .option("--exit-with-parent", "stop when standard input ends, because the parent has exited")
  .exitOverride()
  .showHelpAfterError();

function parsePort(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new InvalidArgumentError("It must be a number from 0 to 65535.");
}

async function main(options: Options): Promise<void> {
  const cluster = await startDevCluster({
    dataDir: options.data,
    port: options.port,
    agents: { hidden: options.hide },
    ...(options.fleet === undefined ? {} : { fleet: readFleetFile(options.fleet) }),
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
  if (options.exitWithParent === true) {
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

try {
  program.parse();
} catch (error) {
  // Commander has printed the problem; --help is not one.
  process.exit(error instanceof CommanderError && error.exitCode === 0 ? 0 : EXIT_USAGE);
}
const options = program.opts<Options>();
try {
  await main(options);
} catch (error) {
  if (!(error instanceof DataDirectoryInUseError)) fail(EXIT_FAILED, error);
  const problem = `Another dev cluster already uses ${options.data}.`;
  fail(EXIT_IN_USE, new Error(`${problem} Stop it, or name another directory with --data.`));
}
