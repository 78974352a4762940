import { startControlPlane, type ControlPlane } from "./composition.ts";
import { ConfigProblem, describeOptions, readConfig, redactConfig, type Config } from "./config.ts";
import { createLogger } from "./util/logger.ts";

const EXIT_CONFIG = 2;

/** Runs until it is asked to stop; prints one line of JSON on stdout when it serves. */
async function main(config: Config): Promise<void> {
  const log = createLogger(config.logLevel);
  log.info({ config: redactConfig(config) }, "starting");
  const asked = whenAskedToStop(config);
  // Asked while still starting: what has begun is finished first, then undone in order.
  const controlPlane: ControlPlane = await startControlPlane(config, log);
  process.stdout.write(`${JSON.stringify({ ready: true, url: controlPlane.url ?? null })}\n`);
  if (config.role === "migrate") {
    log.info("the database is at the newest migration");
    return;
  }
  const reason = await asked;
  log.info({ reason }, "stopping");
  await controlPlane.stop();
  log.info("stopped");
}

function whenAskedToStop({ exitWithParent }: Config): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      process.once(signal, () => {
        resolve(signal);
      });
    }
    if (!exitWithParent) return;
    process.stdin.on("end", () => {
      resolve("standard input closed");
    });
    process.stdin.on("error", () => {
      resolve("standard input closed");
    });
    process.stdin.resume();
  });
}

function explain(error: unknown): string {
  const parts: string[] = [];
  for (let cause = error; cause instanceof Error; cause = cause.cause) parts.push(cause.message);
  return parts.join(": ");
}

try {
  const config = readConfig(process.argv.slice(2), process.env);
  if (config) await main(config);
  else process.stdout.write(describeOptions());
  process.exit(0);
} catch (error) {
  process.stderr.write(`${explain(error)}\n`);
  process.exit(error instanceof ConfigProblem ? EXIT_CONFIG : 1);
}
