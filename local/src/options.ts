import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Command, InvalidArgumentError } from "commander";
import { readEnvironment, type Environment } from "./config.ts";
import { EXIT_CODES } from "./startError.ts";

export const REPOSITORY = fileURLToPath(new URL("../../", import.meta.url));

export const DEFAULT_PORT = 8710;

export interface StartOptions {
  readonly dataDir: string;
  readonly port: number;
  /** A real cluster in place of the dev cluster. */
  readonly kubeconfig: string | null;
  /** Another PostgreSQL in place of the embedded one. */
  readonly databaseUrl: string | null;
  readonly environment: Environment;
}

interface Flags {
  dataDir: string;
  port: number;
  kubeconfig?: string;
  databaseUrl?: string;
}

/** Reads the command line; prints usage and exits with code 2 when it is wrong. */
export function parseOptions(argv: readonly string[]): StartOptions {
  const environment = readEnvironment();
  const flags = command().parse(argv, { from: "user" }).opts<Flags>();
  return {
    dataDir: resolve(flags.dataDir),
    port: flags.port,
    kubeconfig: flags.kubeconfig === undefined ? null : resolve(flags.kubeconfig),
    databaseUrl: flags.databaseUrl ?? environment.databaseUrl,
    environment,
  };
}

function command(): Command {
  return new Command("npm start --")
    .description("Starts PostgreSQL, the dev cluster and the control plane on this machine.")
    .option("--data-dir <folder>", "where everything is kept", resolve(REPOSITORY, ".gpu-dev"))
    .option("--port <number>", "port of the control plane on 127.0.0.1", portNumber, DEFAULT_PORT)
    .option("--kubeconfig <file>", "use this Kubernetes cluster in place of the dev cluster")
    .option(
      "--database-url <url>",
      "use this PostgreSQL in place of the embedded one; better as DATABASE_URL in the environment, where other users can't see its password",
    )
    .helpOption("--help", "show this")
    .addHelpText("after", () => `\nExit codes: ${describeExitCodes()}`)
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : EXIT_CODES.usage));
}

function portNumber(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw new InvalidArgumentError("A port is a whole number from 1 to 65535.");
}

function describeExitCodes(): string {
  const words = {
    failed: "a part failed",
    usage: "wrong options",
    alreadyRunning: "already running on this data folder",
    portBusy: "the port is in use",
    unsupportedPlatform: "unsupported platform",
    diskFull: "the disk is nearly full",
    notWritable: "the data folder is not writable",
    missingTool: "something needed is missing",
    killed: "stopped at once by a second Ctrl-C",
  } satisfies Record<keyof typeof EXIT_CODES, string>;
  const names = Object.keys(words) as (keyof typeof words)[];
  return ["0 stopped in order"]
    .concat(names.map((name) => `${String(EXIT_CODES[name])} ${words[name]}`))
    .join(", ");
}
