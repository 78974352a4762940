import type { Command } from "commander";
import type { Availability } from "@gpu-dev/shared/api/resources.ts";
import { pause } from "@gpu-dev/client/clock.ts";
import { Minute, Second } from "@gpu-dev/shared/durations.ts";
import { type Session, sessionFor } from "../session/session.ts";
import { renderTable } from "../output/table.ts";
import { localTime, secondsUntil } from "@gpu-dev/client/text/times.ts";

const WATCH_MS = 2 * Second.ms;

export function addAvail(program: Command): void {
  program
    .command("avail")
    .description("what is free, per type")
    .option("-w, --watch", "show it again whenever it changes, until Ctrl-C")
    .action(async (options: { watch?: boolean }, command: Command) => {
      const session = await sessionFor(command);
      await session.requireCredential();
      if (options.watch === true) await watch(session);
      else show(session, await session.client.call("getAvailability"));
    });
}

function show(session: Session, availability: Availability): void {
  const { output } = session;
  if (output.json) {
    output.result(availability);
    return;
  }
  for (const line of availabilityLines(availability, session.now(), output.style.dim)) {
    output.line(line);
  }
}

export function availabilityLines(
  availability: Availability,
  now: Date,
  dim: (text: string) => string,
): string[] {
  const rows = availability.types.map((type) => [
    type.type,
    String(type.freeGpus),
    String(type.healthyGpus),
    String(type.totalGpus),
    String(type.queued),
    fitsWords(type.fitsNow),
    type.title,
  ]);
  const header = ["TYPE", "FREE", "HEALTHY", "TOTAL", "QUEUED", "FITS NOW", ""];
  const lines = renderTable(header, rows, { right: [1, 2, 3, 4], styleHeader: dim });
  const { asOf } = availability;
  const stale = asOf === null || -secondsUntil(asOf, now) > Minute.seconds;
  if (asOf === null) lines.push("The cluster has not been seen yet.");
  else if (stale) lines.push(`The cluster was last seen at ${localTime(asOf, now)}.`);
  return lines;
}

/** "8 x 2, 4 x 4": how many reservations of which size would start at once. */
function fitsWords(fits: Availability["types"][number]["fitsNow"]): string {
  const possible = fits.filter((fit) => fit.reservations > 0);
  const [only] = possible;
  if (only === undefined) return "none";
  if (only.gpus === 0) return `${String(only.reservations)} servers`;
  const largest = possible.reduce((a, b) => (b.gpus > a.gpus ? b : a));
  return largest.gpus === 1 ? "1 on one node" : `up to ${String(largest.gpus)} on one node`;
}

async function watch(session: Session): Promise<void> {
  const stop = new AbortController();
  process.once("SIGINT", () => {
    stop.abort();
  });
  let last = "";
  while (!stop.signal.aborted) {
    const availability = await session.client.call("getAvailability");
    const { types } = availability;
    if (JSON.stringify(types) !== last) {
      if (session.output.interactive) process.stdout.write("\u001b[2J\u001b[H");
      else if (last !== "") session.output.line();
      show(session, availability);
    }
    last = JSON.stringify(types);
    await pause(WATCH_MS, stop.signal);
  }
  // The prompt comes on a line of its own, not behind the ^C.
  if (session.output.interactive) session.output.line();
}
