import { Argument, type Command } from "commander";
import { type Candidate, type Completion, completionOf } from "../completion/commandLine.ts";
import { lookUp } from "../completion/lookUp.ts";
import { FILES_DIRECTIVE, SCRIPTS, type Shell, SHELLS } from "../completion/scripts.ts";

export function addCompletion(program: Command): void {
  program
    .command("completion")
    .description("print a completion script for your shell")
    .addArgument(new Argument("<shell>", "your shell").choices(SHELLS))
    .addHelpText("after", INSTALL)
    .action((shell: Shell) => {
      process.stdout.write(SCRIPTS[shell]);
    });
  program
    .command("complete", { hidden: true })
    .description("the candidates for an unfinished command line; run by the completion scripts")
    .addArgument(new Argument("<shell>").choices(SHELLS))
    .argument("[words...]")
    .action(async (shell: Shell, words: string[]) => {
      process.stdout.write(await printedCandidates(program, shell, words));
    });
}

const INSTALL = `
Examples:
  source <(gpu-dev completion bash)             this shell only; the same with zsh
  gpu-dev completion bash > ~/.local/share/bash-completion/completions/gpu-dev
  gpu-dev completion zsh > "\${fpath[1]}/_gpu-dev"
  gpu-dev completion fish > ~/.config/fish/completions/gpu-dev.fish`;

/** Anything else in a candidate could be run by the shell that inserts it. */
const SAFE_CANDIDATE = /^[\w./:@+-]+$/;

/** The lines that a completion script reads. A lookup that fails completes nothing. */
export async function printedCandidates(
  program: Command,
  shell: Shell,
  words: readonly string[],
): Promise<string> {
  const whole = shell === "bash" ? rejoinTokens(words) : words;
  const completion = completionOf(program, whole);
  if (completion.values === "files") return `${FILES_DIRECTIVE}\n`;
  const candidates = await candidatesOf(program, completion).catch(() => []);
  // bash replaces only what follows the last "=" or ":".
  const { prefix, typed } = completion;
  const replaced = shell === "bash" ? typed.slice(0, typed.lastIndexOf(":") + 1) : "";
  return candidates
    .filter(({ value }) => SAFE_CANDIDATE.test(value) && value.startsWith(typed))
    .map(({ value, description }) => {
      const word = shell === "bash" ? value.slice(replaced.length) : `${prefix}${value}`;
      return `${word}\t${description.replaceAll(/\s+/g, " ")}\n`;
    })
    .join("");
}

async function candidatesOf(
  program: Command,
  completion: Completion,
): Promise<readonly Candidate[]> {
  const { values, candidates } = completion;
  if (values === undefined || values === "files") return candidates;
  return lookUp(values, completion, program);
}

/** bash splits "--name=demo" and "http://host:1" at "=" and ":"; this puts them together. */
function rejoinTokens(words: readonly string[]): string[] {
  const joined: string[] = [];
  let isOpen = false;
  for (const word of words) {
    const isSeparator = /^[=:]+$/.test(word);
    if (joined.length > 0 && (isSeparator || isOpen)) joined.push(`${joined.pop() ?? ""}${word}`);
    else joined.push(word);
    isOpen = isSeparator;
  }
  return joined;
}
