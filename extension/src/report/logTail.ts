export type LogLevelName = "trace" | "debug" | "info" | "warn" | "error";

/** The newest of what we wrote to our log, kept for a report of a problem. */
export interface LogTail {
  add(level: LogLevelName, text: string): void;
  /** Oldest first. */
  lines(): string[];
  /** The newest errors, kept though many other lines came after them. */
  errors(): string[];
}

const LINES = 200;
const ERRORS = 20;

export function createLogTail(options: { readonly now: () => Date }): LogTail {
  const lines: string[] = [];
  const errors: string[] = [];
  return {
    add: (level, text) => {
      const line = `${options.now().toISOString()} [${level}] ${text}`;
      keepNewest(lines, line, LINES);
      if (level === "error") keepNewest(errors, line, ERRORS);
    },
    lines: () => [...lines],
    errors: () => [...errors],
  };
}

function keepNewest(ring: string[], line: string, most: number): void {
  ring.push(line);
  if (ring.length > most) ring.splice(0, ring.length - most);
}
