import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Command, InvalidArgumentError } from "commander";
import { EXIT_CODES, StartError } from "./startError.ts";

export const REPOSITORY = fileURLToPath(new URL("../../", import.meta.url));

export const DEFAULT_PORT = 8710;

/** The values that `npm start` reads from the environment; only this file reads it. */
export interface Environment {
  /** Another PostgreSQL. In the environment because arguments are public and it has a password. */
  readonly databaseUrl: string | null;
  /** For the parts, without the database's URL, which dev-cluster and its pods must not see. */
  readonly inherited: NodeJS.ProcessEnv;
  readonly path: string;
}

export interface StartOptions {
  readonly dataDir: string;
  readonly port: number;
  /** A real cluster in place of dev-cluster. */
  readonly kubeconfig: string | null;
  /** Another PostgreSQL in place of the embedded one. */
  readonly databaseUrl: string | null;
  /** Restart a part when its sources change. */
  readonly watch: boolean;
  readonly environment: Environment;
}

interface Flags {
  readonly dataDir: string;
  readonly port: number;
  readonly kubeconfig?: string;
  readonly databaseUrl?: string;
  readonly watch: boolean;
}

/** Reads the command line; prints usage and exits with code 2 when it is not valid. */
export function parseOptions(argv: readonly string[]): StartOptions {
  const environment = readEnvironment();
  const program = command();
  refuseOptionsOfNpm(program, argv);
  const flags = program.parse(argv, { from: "user" }).opts<Flags>();
  return {
    dataDir: resolve(flags.dataDir),
    port: flags.port,
    kubeconfig: flags.kubeconfig === undefined ? null : resolve(flags.kubeconfig),
    databaseUrl: flags.databaseUrl ?? environment.databaseUrl,
    watch: flags.watch,
    environment,
  };
}

function readEnvironment(env: NodeJS.ProcessEnv = process.env): Environment {
  const { DATABASE_URL: databaseUrl, ...inherited } = env;
  return { databaseUrl: databaseUrl ?? null, inherited, path: env["PATH"] ?? "" };
}

/**
 * Without `--`, npm consumes an option itself: `npm start --port 9000` passes only "9000" here, and
 * `npm start --port=9000` passes nothing. npm passes each option to its scripts in the environment.
 */
function refuseOptionsOfNpm(program: Command, argv: readonly string[], env = process.env): void {
  if (env["npm_lifecycle_event"] === undefined) return;
  const taken = program.options.flatMap(({ long, required }) => {
    const value = env[`npm_config_${(long ?? "").slice(2).replaceAll("-", "_")}`];
    if (!required || value === undefined || argv.includes(long ?? "")) return [];
    return [`${long ?? ""} ${value === "true" ? (argv[0] ?? "VALUE") : value}`];
  });
  if (taken.length === 0) return;
  const script = env["npm_lifecycle_event"] === "start" ? "npm start" : "npm run dev";
  throw new StartError(
    "usage",
    `npm takes options before -- for itself and does not pass them on. Type: ${script} -- ${taken.join(" ")}`,
  );
}

function command(): Command {
  return new Command("npm start --")
    .description("Starts PostgreSQL, dev-cluster and the control plane on this machine.")
    .option("--data-dir <folder>", "folder for all data and logs", resolve(REPOSITORY, ".gpu-dev"))
    .option("--port <number>", "port of the control plane on 127.0.0.1", portNumber, DEFAULT_PORT)
    .option("--kubeconfig <file>", "use this Kubernetes cluster in place of dev-cluster")
    .option(
      "--database-url <url>",
      "use this PostgreSQL in place of the embedded one; prefer DATABASE_URL in the environment, which hides its password from other users",
    )
    .option("--watch", "restart a part when its sources change (npm run dev)", false)
    .helpOption("--help", "show this help")
    .addHelpText("after", () => `\nExit codes: ${exitCodesText()}`)
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : EXIT_CODES.usage));
}

function portNumber(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw new InvalidArgumentError("A port is a whole number from 1 to 65535.");
}

function exitCodesText(): string {
  const meanings = {
    failed: "a part keeps failing",
    usage: "wrong options",
    alreadyRunning: "already running on this data folder",
    portBusy: "the port is in use",
    unsupportedPlatform: "unsupported platform",
    diskFull: "the disk is nearly full",
    notWritable: "the data folder is not writable",
    missingTool: "a required program is missing",
    killed: "stopped at once by a second Ctrl-C",
  } satisfies Record<keyof typeof EXIT_CODES, string>;
  const names = Object.keys(meanings) as (keyof typeof meanings)[];
  return ["0 stopped in order"]
    .concat(names.map((name) => `${String(EXIT_CODES[name])} ${meanings[name]}`))
    .join(", ");
}
