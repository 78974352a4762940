import { once } from "node:events";
import { causesOf } from "@gpu-dev/shared/errors.ts";
import { startControlPlane, type ControlPlane } from "./composition.ts";
import { ConfigProblem, describeOptions, readConfig, redactConfig, type Config } from "./config.ts";
import { createLogger } from "./platform/logger.ts";

const EXIT_CONFIG = 2;

/** Runs until a stop is requested; prints one line of JSON on stdout when it is ready. */
async function main(config: Config): Promise<void> {
  const log = createLogger(config.logLevel);
  log.info({ config: redactConfig(config) }, "starting");
  const stopping = stopSignal(config);
  // A stop during the start takes effect when the start has finished or failed.
  const controlPlane: ControlPlane = await startControlPlane(config, log, { stopping });
  process.stdout.write(`${JSON.stringify({ ready: true, url: controlPlane.url ?? null })}\n`);
  if (config.role === "migrate") {
    log.info("database is at the newest migration");
    return;
  }
  if (!stopping.aborted) await once(stopping, "abort");
  log.info({ reason: stopping.reason as string }, "stopping");
  await controlPlane.stop();
  log.info("stopped");
}

/** A signal that aborts when a stop is requested, with the source of the request as its reason. */
function stopSignal({ exitWithParent }: Config): AbortSignal {
  const controller = new AbortController();
  const stop = (reason: string) => () => {
    controller.abort(reason);
  };
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, stop(signal));
  if (exitWithParent) {
    process.stdin.on("end", stop("standard input closed"));
    process.stdin.on("error", stop("standard input closed"));
    process.stdin.resume();
  }
  return controller.signal;
}

function explain(error: unknown): string {
  return causesOf(error)
    .map((cause) => (cause instanceof Error ? cause.message : String(cause)))
    .join(": ");
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
