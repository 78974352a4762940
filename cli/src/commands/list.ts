import type { Command } from "commander";
import { addMs, Day } from "@gpu-dev/shared/durations.ts";
import { LIVE } from "@gpu-dev/shared/states.ts";
import type { Reservation } from "@gpu-dev/client/http/responses.ts";
import { listReservations } from "@gpu-dev/client/reservations.ts";
import {
  nodesOf,
  resources,
  stateLabel,
  timeLeftText,
} from "@gpu-dev/client/text/reservationText.ts";
import { localTime, localTimes } from "@gpu-dev/client/text/times.ts";
import { renderTable, wrapWords } from "../output/table.ts";
import { type Session, sessionFor } from "../session/session.ts";
import { syncSshHosts } from "../session/sshHosts.ts";

export function addList(program: Command): void {
  program
    .command("list")
    .description("your reservations")
    .option("-a, --all", "include those that ended within the last day")
    .option("-w, --wide", "show also disk and creation time")
    .action(async (options: { all?: boolean; wide?: boolean }, command: Command) => {
      const session = await sessionFor(command);
      const credential = await session.requireCredential();
      const live = await listReservations(session.client, "live");
      const ended = options.all === true ? await endedWithinDay(session) : [];
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
        output.line("You have no reservations. To create one: gpu-dev reserve");
        return;
      }
      for (const line of listLines(session, items, options.wide === true)) output.line(line);
    });
}

/** The table, then why each queued request waits, as the server says it. */
function listLines(
  { output, now: clock }: Session,
  items: readonly Reservation[],
  isWide: boolean,
): string[] {
  const now = clock();
  const rows = items.map((item) => [
    item.name,
    resources(item),
    stateLabel(item),
    nodesOf(item),
    timeLeftText(item, now),
    ...(isWide ? [item.spec.disk ?? "-", localTime(item.createdAt, now)] : []),
  ]);
  const header = ["NAME", "TYPE", "STATE", "NODE", "TIME LEFT"];
  const maxWidth = output.maxWidth();
  const lines = renderTable([...header, ...(isWide ? ["DISK", "CREATED"] : [])], rows, {
    styleHeader: output.style.dim,
    ...(isWide ? {} : { maxWidth, drop: [3, 1, 4] }),
  });
  const reasons = items.flatMap(({ name, waiting }) =>
    waiting === undefined ? [] : [`${name}: ${localTimes(waiting.reason, now)}`],
  );
  return [...lines, ...reasons.flatMap((reason) => wrapWords(reason, maxWidth))];
}

async function endedWithinDay(session: Session): Promise<Reservation[]> {
  const since = addMs(session.now(), -Day.ms).toISOString();
  const items = await listReservations(session.client, "ended");
  return items.filter((item) => !LIVE.includes(item.state) && (item.endedAt ?? "") >= since);
}
