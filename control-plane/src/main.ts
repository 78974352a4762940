import { once } from "node:events";
import { startControlPlane, type ControlPlane } from "./composition.ts";
import { ConfigProblem, describeOptions, readConfig, redactConfig, type Config } from "./config.ts";
import { createLogger } from "./platform/logger.ts";

const EXIT_CONFIG = 2;

/** Runs until it is asked to stop; prints one line of JSON on stdout when it serves. */
async function main(config: Config): Promise<void> {
  const log = createLogger(config.logLevel);
  log.info({ config: redactConfig(config) }, "starting");
  const stopping = whenAskedToStop(config);
  // Asked while still starting: what has begun is finished first, then undone in order.
  const controlPlane: ControlPlane = await startControlPlane(config, log, { stopping });
  process.stdout.write(`${JSON.stringify({ ready: true, url: controlPlane.url ?? null })}\n`);
  if (config.role === "migrate") {
    log.info("the database is at the newest migration");
    return;
  }
  if (!stopping.aborted) await once(stopping, "abort");
  log.info({ reason: stopping.reason as string }, "stopping");
  await controlPlane.stop();
  log.info("stopped");
}

/** Aborted when the process is asked to stop, with what asked as its reason. */
function whenAskedToStop({ exitWithParent }: Config): AbortSignal {
  const controller = new AbortController();
  const ask = (reason: string) => () => {
    controller.abort(reason);
  };
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, ask(signal));
  if (exitWithParent) {
    process.stdin.on("end", ask("standard input closed"));
    process.stdin.on("error", ask("standard input closed"));
    process.stdin.resume();
  }
  return controller.signal;
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
