import type { Command } from "commander";
import { Minute, Second } from "@gpu-dev/shared/durations.ts";
import { pause } from "@gpu-dev/client/clock.ts";
import type { Availability } from "@gpu-dev/client/http/responses.ts";
import { startsNowLabel, whyNoneStarts } from "@gpu-dev/client/text/availabilityText.ts";
import { localTime, secondsUntil } from "@gpu-dev/client/text/times.ts";
import { renderTable } from "../output/table.ts";
import { type Session, sessionFor } from "../session/session.ts";

const WATCH_MS = 2 * Second.ms;

export function addAvail(program: Command): void {
  program
    .command("avail")
    .description("free GPUs per type, and the sizes that start now")
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
  for (const line of availabilityLines(availability, session.now(), output.style.dim)) {
    output.line(line);
  }
}

/** The table, then why no size of a type starts now, as the server says it. */
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
    startsNowLabel(type),
    type.title,
  ]);
  const header = ["TYPE", "FREE", "HEALTHY", "TOTAL", "QUEUED", "STARTS NOW", ""];
  const lines = renderTable(header, rows, { right: [1, 2, 3, 4], styleHeader: dim });
  for (const type of availability.types) {
    const why = type.totalGpus === 0 ? undefined : whyNoneStarts(type);
    if (why !== undefined) lines.push(`${type.type}: ${why}`);
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
