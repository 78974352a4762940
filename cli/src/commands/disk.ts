import type { Command } from "commander";
import type { Disk } from "@gpu-dev/client/http/responses.ts";
import { localTime } from "@gpu-dev/client/text/times.ts";
import { renderTable } from "../output/table.ts";
import { type Session, sessionFor } from "../session/session.ts";

export function addDisk(program: Command): void {
  const disk = program
    .command("disk")
    .description("your disks: kept between reservations, created by reserve --disk NAME");
  disk
    .command("list")
    .description("your disks, and the reservations that use them")
    .action(async (_options: unknown, command: Command) => {
      const session = await sessionFor(command);
      await session.requireCredential();
      const { items } = await session.client.call("listDisks");
      const { output } = session;
      if (output.json) {
        output.result({ items });
        return;
      }
      if (items.length === 0) {
        output.line("You have no disks. To create one: gpu-dev reserve --disk NAME");
        return;
      }
      for (const line of diskLines(session, items)) output.line(line);
    });
}

function diskLines({ output, now: clock }: Session, items: readonly Disk[]): string[] {
  const now = clock();
  const { dim } = output.style;
  const maxWidth = output.maxWidth();
  const lastUsed = ({ heldBy, lastUsedAt, zone }: Disk) => {
    if (heldBy !== undefined && zone !== undefined) return "in use now";
    return lastUsedAt === undefined ? "never" : localTime(lastUsedAt, now);
  };
  const rows = items.map((item) => [
    item.name,
    `${String(item.sizeGib)} GiB`,
    item.zone ?? "none yet",
    holderLabel(item, now),
    lastUsed(item),
  ]);
  return renderTable(["NAME", "SIZE", "ZONE", "HOLDER", "LAST USED"], rows, {
    styleHeader: dim,
    maxWidth,
    drop: [2, 4, 1],
  });
}

/** "free", "held by demo until 14:20 CET". */
export function holderLabel({ heldBy }: Disk, now: Date): string {
  if (heldBy === undefined) return "free";
  const { name, until } = heldBy;
  return until === undefined ? `held by ${name}` : `held by ${name} until ${localTime(until, now)}`;
}
