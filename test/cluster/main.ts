/**
 * `npm run test:cluster [-- FILE... | mocha's options]`: the files named, or all of them as two halves side by side, each
 * with a Kubernetes of its own. Two, because one alone leaves most of two cores idle. Last comes one closing line over
 * both: `N passed, N failed, N skipped`.
 */
import { type ChildProcess, spawn, type StdioOptions } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { signal } from "../../local/src/process/processes.ts";
import { halves } from "./halves.ts";

const MOCHA = ["node_modules/mocha/bin/mocha.js", "--config", "test/cluster/.mocharc.js"];
const CLOSING_LINE = /^(\d+) passed, (\d+) failed, (\d+) skipped$/;

const given = process.argv.slice(2);
if (given.some((argument) => /(^|\/)test\//.test(argument))) {
  const child = startMocha(given, "inherit");
  await once(child, "close");
  process.exitCode = child.exitCode ?? 1;
} else {
  const runs = Object.entries(halves()).map(([name, files]) => runHalf(name, [...given, ...files]));
  const results = await Promise.all(runs);
  const sum = (index: number) =>
    results.reduce((total, { counts }) => total + (counts?.[index] ?? 0), 0);
  console.log(`${String(sum(0))} passed, ${String(sum(1))} failed, ${String(sum(2))} skipped`);
  // A half that ended without a word on what it counted is not a good one.
  const areGood = results.every(({ code, counts }) => code === 0 && counts !== undefined);
  process.exitCode = areGood ? 0 : 1;
}

interface HalfResult {
  readonly code: number | null;
  /** Passed, failed, skipped. */
  readonly counts: readonly number[] | undefined;
}

/** Each line is printed as it comes, behind the half's name. */
async function runHalf(name: string, args: readonly string[]): Promise<HalfResult> {
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

/** In a process group of its own: a signal comes once, from here, and reaches the servers that the tests started too. */
function startMocha(args: readonly string[], stdio: StdioOptions): ChildProcess {
  const child = spawn(process.execPath, [...MOCHA, ...args], { stdio, detached: true });
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.on(name, () => {
      signalGroup(child, name);
    });
  }
  // An API server whose etcd went first would try for minutes.
  child.once("exit", () => {
    signalGroup(child, "SIGKILL");
  });
  return child;
}

function signalGroup({ pid }: ChildProcess, name: NodeJS.Signals): void {
  if (pid !== undefined) signal(-pid, name);
}
