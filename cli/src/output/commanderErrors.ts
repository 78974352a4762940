import type { CommanderError } from "commander";
import { asSentence, capitalize } from "@gpu-dev/shared/text.ts";
import { CliError } from "./exitCodes.ts";

/** A command line that commander refused, in the form of our own errors. */
export function asCliError(
  error: CommanderError,
  argv: readonly string[],
  commands: readonly string[],
): CliError {
  const [first = "", ...rest] = error.message.replace(/^error: /, "").split("\n");
  const sentence = asSentence(capitalize(first));
  const hint = rest.join(" ").replace(/^\((.*)\)$/, "$1");
  // Global options may come before the command.
  const start = argv.findIndex((word) => commands.includes(word));
  const own = start < 0 ? [] : argv.slice(start);
  const words = own.filter((word) => !word.startsWith("-"));
  return new CliError(
    "usage",
    [sentence, hint, nextStep(error, words, own)].filter((part) => part !== "").join(" "),
  );
}

/** An option after the remote program of `connect` belongs to that program. */
function nextStep(
  error: CommanderError,
  words: readonly string[],
  argv: readonly string[],
): string {
  const [command = "", name = "", remote] = words;
  if (error.code === "commander.unknownOption" && command === "connect" && remote !== undefined) {
    const rest = argv.slice(argv.indexOf(remote)).join(" ");
    return `Options of the remote program follow "--": gpu-dev connect ${name} -- ${rest}`;
  }
  return error.code === "commander.unknownCommand"
    ? "See: gpu-dev help"
    : `See: gpu-dev help ${command}`.trim();
}
