import { pino, type Logger } from "pino";

export type Log = Logger;

/** Fields that never reach a log, wherever a caller puts an object that has them. */
const SECRET = ["authorization", "cookie", "token", "secret", "proof", "password", "databaseUrl"];

/** JSON lines on stderr: stdout belongs to the one line that says where the server is. */
export function createLogger(level: string): Log {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: {
        paths: SECRET.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]),
        censor: "[redacted]",
      },
    },
    pino.destination({ fd: 2, sync: false }),
  );
}
