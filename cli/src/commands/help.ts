import type { Command } from "commander";
import { CliError, EXIT_CODE_MEANINGS, EXIT_CODES, type ExitName } from "../output/exitCodes.ts";

const TOPIC = "exit-codes";

export function addHelp(program: Command): void {
  program
    .command("help")
    .description(`help for a command, or "help ${TOPIC}"`)
    .argument("[topic...]")
    .action((topic: string[]) => {
      if (topic[0] === TOPIC) process.stdout.write(`${exitCodeLines().join("\n")}\n`);
      else findCommand(program, topic).outputHelp();
    });
}

export function exitCodeLines(): string[] {
  return (Object.keys(EXIT_CODES) as ExitName[]).map(
    (name) => `${String(EXIT_CODES[name]).padStart(3)}  ${EXIT_CODE_MEANINGS[name]}`,
  );
}

function findCommand(program: Command, topic: readonly string[]): Command {
  let current = program;
  for (const word of topic) {
    const next = current.commands.find((command) => command.name() === word);
    if (next === undefined) {
      throw new CliError(
        "usage",
        `There is no command "${topic.join(" ")}". "gpu-dev help" lists the commands.`,
      );
    }
    current = next;
  }
  return current;
}
