import { Argument, type Command, type Help } from "commander";

const SHELLS = ["bash", "zsh", "fish"] as const;
type Shell = (typeof SHELLS)[number];

export function addCompletion(program: Command): void {
  program
    .command("completion")
    .description("print a completion script for your shell")
    .addArgument(new Argument("<shell>").choices(SHELLS))
    .addHelpText("after", INSTALL)
    .action((shell: Shell) => {
      process.stdout.write(completionScript(program, shell));
    });
}

const INSTALL = `
Examples:
  gpu-dev completion bash > ~/.local/share/bash-completion/completions/gpu-dev
  gpu-dev completion zsh > "\${fpath[1]}/_gpu-dev"
  gpu-dev completion fish > ~/.config/fish/completions/gpu-dev.fish`;

/** Derived from the program itself, so that a new command or option needs no entry here. */
export function completionScript(program: Command, shell: Shell): string {
  const entries = completions(program);
  switch (shell) {
    case "bash":
      return bashScript(entries);
    case "zsh":
      return `#compdef gpu-dev\nautoload -U +X bashcompinit && bashcompinit\n${bashScript(entries)}`;
    case "fish":
      return fishScript(entries);
  }
}

interface Completion {
  /** "" for the program itself, "disk list" for a command of a command. */
  readonly path: string;
  readonly words: readonly { readonly word: string; readonly description: string }[];
}

function completions(program: Command): Completion[] {
  const help = program.createHelp();
  const globals = program.options.map((option) => ({
    word: option.long ?? option.flags,
    description: option.description,
  }));
  const visit = (command: Command, path: string): Completion[] => {
    const children = visibleCommands(help, command);
    const own = help.visibleOptions(command).map((option) => ({
      word: option.long ?? option.flags,
      description: option.description,
    }));
    const words = [
      ...children.map((child) => ({ word: child.name(), description: child.description() })),
      ...command.registeredArguments.flatMap((argument) =>
        (argument.argChoices ?? []).map((word) => ({ word, description: argument.description })),
      ),
      ...own,
      ...(path === "" ? [] : globals),
    ];
    const nested = children.flatMap((child) => visit(child, `${path} ${child.name()}`.trim()));
    return [{ path, words }, ...nested];
  };
  return visit(program, "");
}

function visibleCommands(help: Help, command: Command): Command[] {
  return help.visibleCommands(command).filter((child) => child.name() !== "");
}

function bashScript(entries: readonly Completion[]): string {
  const cases = entries
    .filter((entry) => entry.path !== "")
    .map((entry) => `    "${entry.path}"*) words="${wordList(entry)}" ;;`)
    .reverse();
  const top = entries.find((entry) => entry.path === "");
  return [
    "_gpu_dev() {",
    '  local current="${COMP_WORDS[COMP_CWORD]}"',
    '  local path="${COMP_WORDS[*]:1:COMP_CWORD-1}"',
    "  local words",
    '  case "$path" in',
    ...cases,
    `    *) words="${top === undefined ? "" : wordList(top)}" ;;`,
    "  esac",
    '  COMPREPLY=($(compgen -W "$words" -- "$current"))',
    "}",
    "complete -F _gpu_dev gpu-dev",
    "",
  ].join("\n");
}

function wordList(entry: Completion): string {
  return entry.words.map(({ word }) => word).join(" ");
}

function fishScript(entries: readonly Completion[]): string {
  const quote = (text: string) => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
  const lines = entries.flatMap((entry) =>
    entry.words.map(({ word, description }) => {
      const condition =
        entry.path === ""
          ? "__fish_use_subcommand"
          : entry.path
              .split(" ")
              .map((name) => `__fish_seen_subcommand_from ${name}`)
              .join("; and ");
      const what = word.startsWith("--") ? `-l ${word.slice(2)}` : `-a ${word}`;
      return `complete -c gpu-dev -f -n ${quote(condition)} ${what} -d ${quote(description)}`;
    }),
  );
  return `${lines.join("\n")}\n`;
}
