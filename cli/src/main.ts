import { CommanderError } from "commander";
import { EXIT_CODES, exitNameFor } from "./exitCodes.ts";
import { reportFailure } from "./failure.ts";
import { createOutput } from "./output.ts";
import { buildProgram } from "./program.ts";

/** Runs one command line. Sets the exit code and lets Node end by itself, so that piped output is never cut. */
export async function main(argv: readonly string[] = process.argv.slice(2)): Promise<void> {
  // A reader that goes away (`gpu-dev list | head`) is no error of ours.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(EXIT_CODES.ok);
    throw error;
  });
  try {
    await buildProgram().parseAsync(argv, { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? EXIT_CODES.ok : EXIT_CODES.usage;
      return;
    }
    const flags = new Set(argv);
    const output = createOutput({
      json: flags.has("--json"),
      verbose: flags.has("--verbose"),
      color: !flags.has("--no-color"),
      env: process.env,
    });
    reportFailure(output, error);
    process.exitCode = EXIT_CODES[exitNameFor(error)];
  }
}
