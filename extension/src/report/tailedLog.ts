import type { LogOutputChannel, ViewColumn } from "vscode";
import { errorChain } from "./errorChain.ts";
import type { LogLevelName, LogTail } from "./logTail.ts";

/** The same channel, whose newest lines are kept in `tail` too, whatever level the channel shows. */
export function tailedLog(channel: LogOutputChannel, tail: LogTail): LogOutputChannel {
  const keep = (level: LogLevelName, message: unknown, rest: readonly unknown[]) => {
    tail.add(level, [message, ...rest].map(errorChain).join(" "));
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
      // The editor writes an error's own stack alone; what caused it is often what one needs.
      channel.error(error instanceof Error ? errorChain(error) : error, ...rest);
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
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- the type asks for both ways of calling it
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
