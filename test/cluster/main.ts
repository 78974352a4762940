/**
 * `npm run test:cluster [-- FILE... | mocha's options]`: runs the named files, or all files as two
 * shards side by side, each with its own Kubernetes, because one run leaves most of two cores idle.
 * The last line is the sum: `N passed, N failed, N skipped`.
 */
import { type ChildProcess, spawn, type StdioOptions } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { signal } from "../../local/src/process/processes.ts";
import { shards } from "./shards.ts";

const MOCHA = ["node_modules/mocha/bin/mocha.js", "--config", "test/cluster/.mocharc.js"];
const CLOSING_LINE = /^(\d+) passed, (\d+) failed, (\d+) skipped$/;

const given = process.argv.slice(2);
if (given.some((argument) => /(^|\/)test\//.test(argument))) {
  const child = startMocha(given, "inherit");
  await once(child, "close");
  process.exitCode = child.exitCode ?? 1;
} else {
  const runs = Object.entries(shards()).map(([name, files]) =>
    runShard(name, [...given, ...files]),
  );
  const results = await Promise.all(runs);
  const sum = (index: number) =>
    results.reduce((total, { counts }) => total + (counts?.[index] ?? 0), 0);
  console.log(`${String(sum(0))} passed, ${String(sum(1))} failed, ${String(sum(2))} skipped`);
  // A shard without a closing line has failed.
  const areGood = results.every(({ code, counts }) => code === 0 && counts !== undefined);
  process.exitCode = areGood ? 0 : 1;
}

interface ShardResult {
  readonly code: number | null;
  /** Passed, failed, skipped. */
  readonly counts: readonly number[] | undefined;
}

/** Prints each line with the name of the shard in front. */
async function runShard(name: string, args: readonly string[]): Promise<ShardResult> {
  const child = startMocha(args, ["ignore", "pipe", "pipe"]);
  let counts: number[] | undefined;
  const print = (line: string): void => {
    const closing = CLOSING_LINE.exec(line);
    if (closing !== null) counts = closing.slice(1).map(Number);
    console.log(`${name} | ${line}`);
  };
  for (const output of [child.stdout, child.stderr]) {
    if (output) createInterface(output).on("line", print);
  }
  await once(child, "close");
  if (child.exitCode !== 0) print(`ended with ${String(child.exitCode ?? child.signalCode)}`);
  return { code: child.exitCode, counts };
}

/**
 * In its own process group: a signal arrives once, from here, and also reaches the servers of the
 * tests.
 */
function startMocha(args: readonly string[], stdio: StdioOptions): ChildProcess {
  const child = spawn(process.execPath, [...MOCHA, ...args], { stdio, detached: true });
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.on(name, () => {
      signalGroup(child, name);
    });
  }
  // An API server whose etcd has ended retries for minutes.
  child.once("exit", () => {
    signalGroup(child, "SIGKILL");
  });
  return child;
}

function signalGroup({ pid }: ChildProcess, name: NodeJS.Signals): void {
  if (pid !== undefined) signal(-pid, name);
}
