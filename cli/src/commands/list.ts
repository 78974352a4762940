import type { Command } from "commander";
import type { Reservation } from "@gpu-dev/shared/api/reservation.ts";
import { Day } from "@gpu-dev/shared/durations.ts";
import { LIVE } from "@gpu-dev/shared/states.ts";
import { sessionFor } from "../commandAction.ts";
import { listAll } from "../findReservation.ts";
import {
  nodesOf,
  resources,
  stateWords,
  timeLeftWords,
} from "@gpu-dev/client/text/reservationText.ts";
import { syncSshHosts } from "../sshHosts.ts";
import { renderTable } from "../table.ts";

export function addList(program: Command): void {
  program
    .command("list")
    .description("your reservations")
    .option("-a, --all", "also those that ended within the last day")
    .action(async (options: { all?: boolean }, command: Command) => {
      const session = await sessionFor(command);
      const credential = await session.requireCredential();
      const since = new Date(session.now().getTime() - Day.ms).toISOString();
      const live = await listAll(session, "live");
      const ended =
        options.all === true ? await endedSince(since, () => listAll(session, "ended")) : [];
      const { output } = session;
      await syncSshHosts(session, credential, live).catch((error: unknown) => {
        output.note(
          `The ssh hosts were not updated: ${error instanceof Error ? error.message : ""}`,
        );
      });
      const items = [...live, ...ended];
      if (output.json) {
        output.result({ items });
        return;
      }
      if (items.length === 0) {
        output.line('You have no reservations. "gpu-dev reserve" makes one.');
        return;
      }
      for (const line of listLines(items, session.now(), output.style.dim)) output.line(line);
    });
}

export function listLines(
  items: readonly Reservation[],
  now: Date,
  dim: (text: string) => string,
): string[] {
  const rows = items.map((item) => [
    item.name,
    resources(item),
    stateWords(item),
    nodesOf(item),
    timeLeftWords(item, now),
  ]);
  return renderTable(["NAME", "TYPE", "STATE", "NODE", "TIME LEFT"], rows, { styleHeader: dim });
}

async function endedSince(
  since: string,
  list: () => Promise<Reservation[]>,
): Promise<Reservation[]> {
  const items = await list();
  return items.filter((item) => !LIVE.includes(item.state) && (item.endedAt ?? "") >= since);
}
