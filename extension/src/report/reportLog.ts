import type { LogOutputChannel, ViewColumn } from "vscode";
import { causesOf } from "@gpu-dev/shared/errors.ts";

export type LogLevelName = "trace" | "debug" | "info" | "warn" | "error";

/** The newest lines of our log, kept in memory for problem reports. */
export interface LogTail {
  add(level: LogLevelName, text: string): void;
  /** Oldest first. */
  lines(): string[];
  /** The newest errors, kept even after many other lines. */
  errors(): string[];
}

const MAX_LINES = 200;
const MAX_ERRORS = 20;

export function createLogTail(options: { readonly now: () => Date }): LogTail {
  const lines: string[] = [];
  const errors: string[] = [];
  return {
    add: (level, text) => {
      const line = `${options.now().toISOString()} [${level}] ${text}`;
      keepNewest(lines, line, MAX_LINES);
      if (level === "error") keepNewest(errors, line, MAX_ERRORS);
    },
    lines: () => [...lines],
    errors: () => [...errors],
  };
}

/**
 * Wraps a channel so that its newest lines are also kept in `tail`, whatever level the channel
 * shows.
 */
export function tailedLog(channel: LogOutputChannel, tail: LogTail): LogOutputChannel {
  const keep = (level: LogLevelName, message: unknown, rest: readonly unknown[]) => {
    tail.add(level, [message, ...rest].map(formatErrorChain).join(" "));
  };
  const leveled = (level: "trace" | "debug" | "info" | "warn") => {
    return (message: string, ...rest: unknown[]) => {
      keep(level, message, rest);
      channel[level](message, ...rest);
    };
  };
  return {
    name: channel.name,
    get logLevel() {
      return channel.logLevel;
    },
    onDidChangeLogLevel: channel.onDidChangeLogLevel,
    trace: leveled("trace"),
    debug: leveled("debug"),
    info: leveled("info"),
    warn: leveled("warn"),
    error: (error: string | Error, ...rest: unknown[]) => {
      keep("error", error, rest);
      // The editor logs only the stack of the error itself, without its causes.
      channel.error(error instanceof Error ? formatErrorChain(error) : error, ...rest);
    },
    append: (text) => {
      channel.append(text);
    },
    appendLine: (text) => {
      channel.appendLine(text);
    },
    replace: (text) => {
      channel.replace(text);
    },
    clear: () => {
      channel.clear();
    },
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- the type requires both signatures
    show: (first?: ViewColumn | boolean, preserveFocus?: boolean) => {
      channel.show(typeof first === "boolean" ? first : preserveFocus);
    },
    hide: () => {
      channel.hide();
    },
    dispose: () => {
      channel.dispose();
    },
  };
}

/** An error with its stack and the stacks of its causes, as text for a log. */
export function formatErrorChain(error: unknown): string {
  return causesOf(error).map(formatCause).join("\ncaused by: ");
}

function formatCause(cause: unknown): string {
  if (cause instanceof Error) return cause.stack ?? cause.message;
  if (typeof cause === "string") return cause;
  try {
    const json: unknown = JSON.stringify(cause);
    if (typeof json === "string") return json;
  } catch {
    // JSON has no form for circular objects and big integers.
  }
  return "(a value that cannot be formatted)";
}

function keepNewest(lines: string[], line: string, max: number): void {
  lines.push(line);
  if (lines.length > max) lines.splice(0, lines.length - max);
}
