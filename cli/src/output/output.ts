import { styleText } from "node:util";
import { wireJson } from "@gpu-dev/client/absence.ts";
import { withProgramName } from "./programName.ts";
import { wrapWords } from "./table.ts";

export interface Style {
  readonly red: (text: string) => string;
  readonly green: (text: string) => string;
  readonly yellow: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly bold: (text: string) => string;
}

export interface Output {
  /**
   * --json: the result goes to stdout as one document, problems to stderr; no questions are asked.
   */
  readonly json: boolean;
  readonly verbose: boolean;
  /** Input and output are a terminal: the command may ask questions and redraw a line. */
  readonly interactive: boolean;
  readonly style: Style;
  /** The current width of the terminal; 80 without one. */
  columns(): number;
  /** The width that tables and their notes must fit; no limit in a pipe. */
  maxWidth(): number;
  line(text?: string): void;
  /** A line of another program, such as a log. */
  verbatim(text: string): void;
  /** Progress and remarks. They go to stderr, so that stdout holds only results. */
  note(text: string): void;
  errorLine(text: string): void;
  result(value: unknown): void;
  /** Replaces the previous live text on a terminal, wrapped between words; "" clears it. */
  live(text: string): void;
}

export interface OutputOptions {
  readonly json: boolean;
  readonly verbose: boolean;
  readonly color: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** How the user calls this program, for hints. */
  readonly program: string;
}

export function createOutput(options: OutputOptions): Output {
  const { stdin, stdout, stderr } = process;
  const isTerminal = stdout.isTTY && stderr.isTTY;
  const wantsColor =
    options.color && isTerminal && !options.env["NO_COLOR"] && options.env["TERM"] !== "dumb";
  const columns = () => (stderr.columns > 0 ? stderr.columns : 80);
  let liveRows = 0;
  const clear = () => {
    if (liveRows > 0) stderr.write(`\r\u001b[2K${"\u001b[1A\u001b[2K".repeat(liveRows - 1)}`);
    liveRows = 0;
  };
  const named = (text: string) => withProgramName(text, options.program);
  return {
    json: options.json,
    verbose: options.verbose,
    interactive: isTerminal && stdin.isTTY && !options.json,
    style: createStyle(wantsColor),
    columns,
    maxWidth: () => (stdout.isTTY ? columns() : Infinity),
    line: (text = "") => {
      clear();
      stdout.write(`${named(text)}\n`);
    },
    verbatim: (text) => {
      clear();
      stdout.write(`${text}\n`);
    },
    note: (text) => {
      clear();
      if (!options.json) stderr.write(`${named(text)}\n`);
    },
    errorLine: (text) => {
      clear();
      stderr.write(`${named(text)}\n`);
    },
    result: (value) => {
      stdout.write(`${wireJson(value)}\n`);
    },
    live: (text) => {
      clear();
      if (text === "") return;
      // Leaves room for the ^C that the terminal prints after it.
      const lines = wrapWords(text, columns() - 4);
      stderr.write(lines.join("\n"));
      liveRows = lines.length;
    },
  };
}

function createStyle(isEnabled: boolean): Style {
  const styled = (format: Parameters<typeof styleText>[0]) => (text: string) =>
    isEnabled ? styleText(format, text, { validateStream: false }) : text;
  return {
    red: styled("red"),
    green: styled("green"),
    yellow: styled("yellow"),
    dim: styled("dim"),
    bold: styled("bold"),
  };
}
