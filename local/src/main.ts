import { join } from "node:path";
import { styleText } from "node:util";
import { checkPlatform, checkPort, isCliInstalled, missingTools, thisMachine } from "./checks.ts";
import { DEFAULT_PORT, parseOptions, type StartOptions } from "./config.ts";
import { checkFreeSpace, openDataFolder, type DataFolder } from "./folder/dataFolder.ts";
import { lockFolder } from "./folder/folderLock.ts";
import { createRunner } from "./runner.ts";
import { readyScreen, type ReadyFacts } from "./screen.ts";
import { DEBOUNCE_MS, watchSources } from "./sourceWatcher.ts";
import { buildStack, type Stack } from "./stack.ts";
import { EXIT_CODES, StartError } from "./startError.ts";
import { listenForStop } from "./stopRequest.ts";
import { supervise } from "./supervisor.ts";

const print = (line: string): void => {
  console.log(line);
};

process.exitCode = await main(process.argv.slice(2));

async function main(argv: string[]): Promise<number> {
  try {
    const options = parseOptions(argv);
    checkPlatform(thisMachine(), options);
    const folder = await openDataFolder(options.dataDir);
    const unlock = await lockFolder(folder.path, urlOf(options));
    try {
      await checkFreeSpace(folder.path);
      await checkPort(options.port);
      return await run(options, folder);
    } finally {
      await unlock();
    }
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    console.error(error.message);
    return error.exitCode;
  }
}

/** Runs until a stop request or until a part keeps failing; no process is left when it returns. */
async function run(options: StartOptions, folder: DataFolder): Promise<number> {
  const requests = listenForStop();
  const stack = await buildStack(options, folder);
  const runner = createRunner(stack.parts, print);
  const killing = requests.second.then(() => {
    print("Ending everything at once");
    return runner.kill();
  });
  let reason: string | null = null;
  const closed = new AbortController();
  try {
    await Promise.race([runner.start(), requests.first]);
    if (requests.count() === 0) {
      const failed = superviseAll(stack, options.watch, closed.signal);
      print(readyScreen(readyFacts(options, folder, stack)));
      reason = await Promise.race([failed, requests.first]);
      if (reason !== null) console.error(`\n${reason}`);
    }
  } finally {
    closed.abort();
    await runner.stop();
    if (requests.count() > 1) await killing;
  }
  if (requests.count() > 1) return EXIT_CODES.killed;
  if (reason !== null) return EXIT_CODES.failed;
  print("Stopped.");
  return 0;
}

/**
 * Restarts parts that end. Resolves with a report when one keeps failing; a part whose sources are
 * watched waits for a change instead.
 */
function superviseAll(stack: Stack, isWatching: boolean, closed: AbortSignal): Promise<string> {
  return new Promise((resolve) => {
    for (const part of stack.parts) {
      const sources = isWatching
        ? stack.watched.find((watched) => watched.part === part)?.sources
        : undefined;
      const onGivenUp = (report: string): void => {
        if (sources === undefined) resolve(report);
        else print(`${report}\nWaiting for a change to restart ${part.title}`);
      };
      const supervisor = supervise({ part, print, closed, onGivenUp });
      const onChange = (): void => {
        supervisor.restartSoon(DEBOUNCE_MS);
      };
      watchSources({ sources: sources ?? [], print, closed, onChange });
    }
  });
}

function readyFacts(options: StartOptions, folder: DataFolder, { postgres }: Stack): ReadyFacts {
  const inside = join(folder.path, "postgres");
  const home = postgres?.home() ?? inside;
  return {
    url: urlOf(options),
    defaultPort: options.port === DEFAULT_PORT,
    seconds: performance.now() / 1000,
    dataDir: folder.path,
    database: home === inside ? null : home,
    logs: folder.logs,
    watch: options.watch,
    devCluster: options.kubeconfig === null,
    cliInstalled: isCliInstalled(options.environment.path),
    missingTools: missingTools(options.environment.path),
    bold: (text) => (process.stdout.isTTY ? styleText("bold", text) : text),
  };
}

function urlOf({ port }: StartOptions): string {
  return `http://127.0.0.1:${String(port)}`;
}
