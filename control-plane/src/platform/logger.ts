import { pino, type Logger } from "pino";

export type Log = Logger;

/** Fields that are redacted wherever they appear in a logged object. */
const SECRET_FIELDS = [
  "authorization",
  "cookie",
  "token",
  "secret",
  "proof",
  "password",
  "databaseUrl",
];

/** Logs JSON lines to stderr. Stdout is reserved for the line that reports the server's address. */
export function createLogger(level: string): Log {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: {
        paths: SECRET_FIELDS.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]),
        censor: "[redacted]",
      },
    },
    pino.destination({ fd: 2, sync: false }),
  );
}
