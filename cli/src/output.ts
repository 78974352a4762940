import { styleText } from "node:util";
import { wrapWords } from "./wrap.ts";

export interface Style {
  readonly red: (text: string) => string;
  readonly green: (text: string) => string;
  readonly yellow: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly bold: (text: string) => string;
}

export interface Output {
  /** --json: the result goes to stdout as one document, problems to stderr, and nothing is asked. */
  readonly json: boolean;
  readonly verbose: boolean;
  /** Both ends are a terminal: one may ask, and redraw a line. */
  readonly interactive: boolean;
  readonly style: Style;
  /** Of the terminal as it is now; 80 where there is none. */
  columns(): number;
  line(text?: string): void;
  /** Progress and remarks: stderr, so that stdout holds results only. */
  note(text: string): void;
  errorLine(text: string): void;
  result(value: unknown): void;
  /** Replaces the last such text on a terminal, wrapped between words; "" clears it. */
  live(text: string): void;
}

export interface OutputOptions {
  readonly json: boolean;
  readonly verbose: boolean;
  readonly color: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
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
  return {
    json: options.json,
    verbose: options.verbose,
    interactive: isTerminal && stdin.isTTY && !options.json,
    style: createStyle(wantsColor),
    columns,
    line: (text = "") => {
      clear();
      stdout.write(`${text}\n`);
    },
    note: (text) => {
      clear();
      if (!options.json) stderr.write(`${text}\n`);
    },
    errorLine: (text) => {
      clear();
      stderr.write(`${text}\n`);
    },
    result: (value) => {
      stdout.write(`${JSON.stringify(value, null, 2)}\n`);
    },
    live: (text) => {
      clear();
      if (text === "") return;
      // Some room is left: the terminal itself prints ^C behind it.
      const lines = wrapWords(text, columns() - 4);
      stderr.write(lines.join("\n"));
      liveRows = lines.length;
    },
  };
}

function createStyle(on: boolean): Style {
  const with_ = (format: Parameters<typeof styleText>[0]) => (text: string) =>
    on ? styleText(format, text, { validateStream: false }) : text;
  return {
    red: with_("red"),
    green: with_("green"),
    yellow: with_("yellow"),
    dim: with_("dim"),
    bold: with_("bold"),
  };
}
