import { join } from "node:path";
import { styleText } from "node:util";
import { checkPlatform, checkPort, missingTools, thisMachine } from "./checks.ts";
import { checkFreeSpace, openDataFolder, type DataFolder } from "./dataFolder.ts";
import { lockFolder } from "./folderLock.ts";
import { DEFAULT_PORT, parseOptions, type StartOptions } from "./options.ts";
import { Runner } from "./runner.ts";
import { readyScreen, type Ready } from "./screen.ts";
import { buildStack, type Stack } from "./stack.ts";
import { EXIT_CODES, StartError } from "./startError.ts";
import { stopRequests } from "./stopRequest.ts";

const say = (line: string): void => {
  console.log(line);
};

process.exitCode = await main(process.argv.slice(2));

async function main(argv: string[]): Promise<number> {
  const options = parseOptions(argv);
  try {
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

/** Runs until somebody stops it or a part dies; nothing of it is left when it returns. */
async function run(options: StartOptions, folder: DataFolder): Promise<number> {
  const requests = stopRequests();
  const stack = await buildStack(options, folder);
  const runner = new Runner(stack.parts, say);
  const killing = requests.second.then(() => {
    say("Ending everything at once");
    return runner.kill();
  });
  let reason: string | null = null;
  try {
    await Promise.race([runner.start(), requests.first]);
    if (requests.count() === 0) {
      say(readyScreen(readyFacts(options, folder, stack)));
      reason = await Promise.race([runner.died(), requests.first]);
      if (reason !== null) console.error(`\n${reason}`);
    }
  } finally {
    await runner.stop();
    if (requests.count() > 1) await killing;
  }
  if (requests.count() > 1) return EXIT_CODES.killed;
  if (reason !== null) return EXIT_CODES.failed;
  say("Stopped.");
  return 0;
}

function readyFacts(options: StartOptions, folder: DataFolder, { postgres }: Stack): Ready {
  const inside = join(folder.path, "postgres");
  return {
    url: urlOf(options),
    defaultPort: options.port === DEFAULT_PORT,
    seconds: performance.now() / 1000,
    dataDir: folder.path,
    database: postgres && postgres.home !== inside ? postgres.home : null,
    logs: folder.logs,
    missingTools: missingTools(options.environment.path),
    bold: (text) => (process.stdout.isTTY ? styleText("bold", text) : text),
  };
}

function urlOf({ port }: StartOptions): string {
  return `http://127.0.0.1:${String(port)}`;
}
