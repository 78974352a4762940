import type { Argument, Command, Option } from "commander";
import { argumentValues, optionValues, type ValueKind } from "./valueKinds.ts";

export interface Candidate {
  readonly value: string;
  readonly description: string;
}

/** The completions at the cursor: fixed candidates, or values that must be looked up. */
export interface Completion {
  readonly candidates: readonly Candidate[];
  readonly values: ValueKind | undefined;
  /** The part of the word that has been typed, without the option name of "--option=part". */
  readonly typed: string;
  /** "--option=" if the word has that form. */
  readonly prefix: string;
  /** The options of the command line, by their long name, and its arguments. */
  readonly options: Readonly<Record<string, string>>;
  readonly positionals: readonly string[];
}

/**
 * Reads the words of an unfinished command line, of which the last is the one to complete. It is
 * derived from the program itself, so that a new command or option needs no entry here.
 */
export function completionOf(program: Command, words: readonly string[]): Completion {
  const line = readLine(program, words.slice(0, -1));
  const current = words.at(-1) ?? "";
  const result = (typed: string, found: Partial<Completion>): Completion => ({
    candidates: [],
    values: undefined,
    prefix: "",
    options: line.options,
    positionals: line.positionals,
    ...found,
    typed,
  });
  if (line.pending !== undefined) return result(current, ofOption(line.pending));
  if (line.isAfterSeparator) return result(current, {});
  const [, prefix, long, typed] = /^((--[^=]+)=)(.*)$/.exec(current) ?? [];
  if (prefix !== undefined && typed !== undefined) {
    const option = optionsOf(program, line.command).find((each) => each.long === long);
    return result(typed, option === undefined ? {} : { ...ofOption(option), prefix });
  }
  if (current.startsWith("-")) return result(current, { candidates: optionNames(program, line) });
  return result(current, ofPosition(line));
}

interface Line {
  readonly command: Command;
  readonly path: string;
  readonly positionals: readonly string[];
  readonly options: Readonly<Record<string, string>>;
  /** The option whose value comes next. */
  readonly pending: Option | undefined;
  readonly isAfterSeparator: boolean;
}

function readLine(program: Command, words: readonly string[]): Line {
  let command = program;
  const path: string[] = [];
  const positionals: string[] = [];
  const options: Record<string, string> = {};
  let pending: Option | undefined;
  let isAfterSeparator = false;
  for (const word of words) {
    const child = command.commands.find((each) => each.name() === word);
    if (isAfterSeparator) {
      positionals.push(word);
    } else if (pending !== undefined) {
      options[pending.long ?? ""] = word;
      pending = undefined;
    } else if (word === "--") {
      isAfterSeparator = true;
    } else if (word.startsWith("-")) {
      const [name, value] = splitOption(word);
      const option = optionsOf(program, command).find(
        (each) => each.long === name || each.short === name,
      );
      if (value !== undefined && option !== undefined) options[option.long ?? ""] = value;
      else if (option !== undefined && takesValue(option)) pending = option;
    } else if (child !== undefined && positionals.length === 0) {
      command = child;
      path.push(word);
    } else {
      positionals.push(word);
    }
  }
  return { command, path: path.join(" "), positionals, options, pending, isAfterSeparator };
}

/** "--gpus=2" and "-g2" have a value, "--gpus" and "-g" have none. */
function splitOption(word: string): [string, string | undefined] {
  const equals = word.indexOf("=");
  if (word.startsWith("--") && equals > 0) return [word.slice(0, equals), word.slice(equals + 1)];
  if (!word.startsWith("--") && word.length > 2) return [word.slice(0, 2), word.slice(2)];
  return [word, undefined];
}

function optionsOf(program: Command, command: Command): Option[] {
  return command === program ? [...program.options] : [...command.options, ...program.options];
}

export function takesValue(option: Option): boolean {
  return option.required || option.optional;
}

function ofOption(option: Option): Partial<Completion> {
  if (option.argChoices !== undefined) return { candidates: choicesOf(option) };
  return { values: optionValues(option) };
}

function ofPosition({ command, path, positionals }: Line): Partial<Completion> {
  const help = command.createHelp();
  if (command.commands.length > 0 && positionals.length === 0) {
    return {
      candidates: help
        .visibleCommands(command)
        .map((child) => ({ value: child.name(), description: child.description() })),
    };
  }
  const last = command.registeredArguments.at(-1);
  const argument =
    command.registeredArguments[positionals.length] ?? (last?.variadic === true ? last : undefined);
  if (argument === undefined) return {};
  if (argument.argChoices !== undefined) return { candidates: choicesOf(argument) };
  return { values: argumentValues(path, positionals) };
}

function choicesOf({ argChoices = [], description }: Argument | Option): Candidate[] {
  return argChoices.map((value) => ({ value, description }));
}

function optionNames(program: Command, { command }: Line): Candidate[] {
  const help = command.createHelp();
  const visible = [
    ...help.visibleOptions(command),
    ...(command === program ? [] : program.options.filter((option) => !option.hidden)),
  ];
  return visible.map(({ long, flags, description }) => ({ value: long ?? flags, description }));
}
