import { Command, CommanderError } from "commander";
import { addAvail } from "./commands/avail.ts";
import { addCancel } from "./commands/cancel.ts";
import { addCompletion } from "./commands/completion.ts";
import { addConfig } from "./commands/config.ts";
import { addConnect } from "./commands/connect.ts";
import { addDisk } from "./commands/disk.ts";
import { addExplain } from "./commands/explain.ts";
import { addExtend } from "./commands/extend.ts";
import { addGetSshConfig } from "./commands/getSshConfig.ts";
import { addHelp } from "./commands/help.ts";
import { addImage } from "./commands/image.ts";
import { addKey } from "./commands/key.ts";
import { addList } from "./commands/list.ts";
import { addLogin } from "./commands/login.ts";
import { addLogout } from "./commands/logout.ts";
import { addLogs } from "./commands/logs.ts";
import { addReserve } from "./commands/reserve.ts";
import { addSetup } from "./commands/setup.ts";
import { addShow } from "./commands/show.ts";
import { addStatus } from "./commands/status.ts";
import { asCliError } from "./output/commanderErrors.ts";
import { EXIT_CODES, exitNameFor } from "./output/exitCodes.ts";
import { reportFailure } from "./output/failure.ts";
import { createOutput } from "./output/output.ts";
import { programName, withProgramName } from "./output/programName.ts";
import { VERSION } from "./session/session.ts";

/**
 * Runs one command line. Sets the exit code and lets Node end on its own, so that piped output is
 * never cut.
 */
export async function main(argv: readonly string[] = process.argv.slice(2)): Promise<void> {
  // A reader that closes the pipe (`gpu-dev list | head`) is not an error.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(EXIT_CODES.ok);
    throw error;
  });
  try {
    await buildProgram().parseAsync(argv, { from: "user" });
  } catch (caught) {
    if (caught instanceof CommanderError && caught.code.startsWith("commander.help")) {
      process.exitCode = caught.exitCode === 0 ? EXIT_CODES.ok : EXIT_CODES.usage;
      return;
    }
    if (caught instanceof CommanderError && caught.exitCode === 0) return; // --version
    const error =
      caught instanceof CommanderError ? asCliError(caught, argv, commandNames()) : caught;
    const flags = new Set(argv);
    const output = createOutput({
      json: flags.has("--json"),
      verbose: flags.has("--verbose"),
      color: !flags.has("--no-color"),
      env: process.env,
      program: programName(process.env, process.argv[1]),
    });
    reportFailure(output, error);
    process.exitCode = EXIT_CODES[exitNameFor(error)];
  }
}

export function buildProgram(): Command {
  const program = new Command("gpu-dev")
    .description("Reserve GPU servers, and work on them over SSH.")
    .version(VERSION, "--version", "print the version")
    .option("--server <url>", "the server (default: GPU_DEV_SERVER, then the configuration)")
    .option("--as <user>", "the signed-in user (default: GPU_DEV_USER, then the last sign-in)")
    .option("--json", "print the result as JSON on stdout, and an error as JSON on stderr")
    .option("--no-color", "no colours (same as NO_COLOR)")
    .option("--verbose", "print the causes and the request id of an error")
    .helpOption("-h, --help", "show help")
    .helpCommand(false)
    .configureHelp({ showGlobalOptions: true })
    .exitOverride()
    .configureOutput({
      writeOut: (text) => process.stdout.write(withOwnName(text)),
      writeErr: (text) => process.stderr.write(withOwnName(text)),
      // main prints it in the form of our own errors.
      outputError: () => undefined,
    })
    .addHelpText("after", EXAMPLES);
  for (const addCommand of COMMANDS) addCommand(program);
  return program;
}

function commandNames(): string[] {
  return buildProgram().commands.map((command) => command.name());
}

function withOwnName(text: string): string {
  return withProgramName(text, programName(process.env, process.argv[1]));
}

/** In the order of the help text. */
const COMMANDS = [
  addSetup,
  addLogin,
  addLogout,
  addAvail,
  addReserve,
  addList,
  addShow,
  addConnect,
  addExtend,
  addCancel,
  addGetSshConfig,
  addLogs,
  addStatus,
  addDisk,
  addImage,
  addKey,
  addConfig,
  addCompletion,
  addHelp,
  addExplain,
];

const EXAMPLES = `
Examples:
  gpu-dev setup                            first-time setup
  gpu-dev avail                            what starts now
  gpu-dev reserve -t h100 -g 2 --hours 4   reserve, and wait until it is ready
  gpu-dev connect demo                     open a shell on it
  gpu-dev list                             your reservations`;
