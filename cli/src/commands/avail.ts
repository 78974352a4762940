import type { Command } from "commander";
import { Minute, Second } from "@gpu-dev/shared/durations.ts";
import { pause } from "@gpu-dev/client/clock.ts";
import type { Availability } from "@gpu-dev/client/http/responses.ts";
import { startsNowLabel, whySizesWait } from "@gpu-dev/client/text/availabilityText.ts";
import { localTime, secondsUntil } from "@gpu-dev/client/text/times.ts";
import { renderTable, wrapWords } from "../output/table.ts";
import { type Session, sessionFor } from "../session/session.ts";

const WATCH_MS = 2 * Second.ms;

export function addAvail(program: Command): void {
  program
    .command("avail")
    .description("the sizes of each type that start now, and why the others wait")
    .option("-w, --watch", "print it again after each change, until Ctrl-C")
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
  const maxWidth = output.maxWidth();
  for (const line of availabilityLines(availability, session.now(), {
    dim: output.style.dim,
    maxWidth,
  })) {
    output.line(line);
  }
}

/** The table, then the server's reasons why sizes of a type do not start now. */
export function availabilityLines(
  availability: Availability,
  now: Date,
  { dim, maxWidth }: { readonly dim: (text: string) => string; readonly maxWidth: number },
): string[] {
  const rows = availability.types.map((type) => [
    type.type,
    startsNowLabel(type),
    String(type.queued),
    type.healthyGpus === type.totalGpus
      ? String(type.totalGpus)
      : `${String(type.healthyGpus)} of ${String(type.totalGpus)}`,
    type.title,
  ]);
  const header = ["TYPE", "STARTS NOW", "QUEUED", "HEALTHY", "NAME"];
  const table = { right: [2, 3], styleHeader: dim, maxWidth, drop: [4, 3, 2] };
  const lines = renderTable(header, rows, table);
  for (const type of availability.types.filter(({ totalGpus }) => totalGpus > 0)) {
    for (const reason of whySizesWait(type)) lines.push(...wrapWords(reason, maxWidth));
  }
  const { asOf } = availability;
  if (asOf === undefined) {
    lines.push("The server has not reached the cluster yet.");
  } else if (-secondsUntil(asOf, now) > Minute.seconds) {
    lines.push(`The server last reached the cluster at ${localTime(asOf, now)}.`);
  }
  return lines;
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
  // Puts the prompt on its own line, not after the ^C.
  if (session.output.interactive) session.output.line();
}
