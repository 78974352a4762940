import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { BUNDLE, buildBundle } from "../../../cli/bundle.ts";
import type { Stack } from "../stack.ts";
import { ratio, summarise, type Figure } from "../statistics.ts";

const RUNS = 20;

/**
 * `gpu-dev list` as the installed command runs it: the bundle, in a new process each time. Floor: a
 * process of the same Node that does nothing. The two take turns.
 */
export async function commandLine(stack: Stack): Promise<Figure[]> {
  await buildBundle();
  const home = await mkdtemp(join(tmpdir(), "gpu-dev-bench-home-"));
  const list = ["--server", stack.url, "list"];
  try {
    await measure(home, [BUNDLE, "--server", stack.url, "login"]);
    const ours: Sample[] = [];
    const floor: Sample[] = [];
    for (let run = 0; run < RUNS; run += 1) {
      ours.push(await measure(home, [BUNDLE, ...list]));
      floor.push(await measure(home, ["--eval", ""]));
    }
    const wall = summarise(ours.map((sample) => sample.wall));
    const floorWall = summarise(floor.map((sample) => sample.wall));
    return [
      {
        name: "command-line",
        budget: "list in 250 ms end to end, with 250 ms of CPU",
        figures: {
          "list, ms": wall,
          "list, ms of CPU": summarise(ours.map((sample) => sample.cpu)),
          "empty process, ms": floorWall,
          "empty process, ms of CPU": summarise(floor.map((sample) => sample.cpu)),
          "ratio of p50": ratio(wall.p50, floorWall.p50),
        },
      },
    ];
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

interface Sample {
  readonly wall: number;
  readonly cpu: number;
}

/** Runs Node with these arguments; bash reports the times in seconds. */
async function measure(home: string, args: readonly string[]): Promise<Sample> {
  const script = 'TIMEFORMAT="%R %U %S"; time "$@" > /dev/null';
  const { stderr } = await promisify(execFile)(
    "bash",
    ["-c", script, "bash", process.execPath, ...args],
    { env: { HOME: home, PATH: process.env["PATH"] } },
  );
  const [wall = 0, user = 0, system = 0] = (stderr.trim().split("\n").at(-1) ?? "")
    .split(" ")
    .map((seconds) => Number(seconds) * 1_000);
  return { wall, cpu: user + system };
}
