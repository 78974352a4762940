import type { Command } from "commander";
import type { Disk } from "@gpu-dev/shared/api/resources.ts";
import { sessionFor } from "../commandAction.ts";
import { renderTable } from "../table.ts";
import { localTime } from "@gpu-dev/client/text/times.ts";

export function addDisk(program: Command): void {
  const disk = program
    .command("disk")
    .description("your disks: kept between reservations, made by reserve --disk NAME");
  disk
    .command("list")
    .description("your disks, and what holds them")
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
        output.line('You have no disks. "gpu-dev reserve --disk NAME" makes one.');
        return;
      }
      for (const line of diskLines(items, session.now(), output.style.dim)) output.line(line);
    });
}

function diskLines(items: readonly Disk[], now: Date, dim: (text: string) => string): string[] {
  const at = (iso: string | null) => (iso === null ? "never" : localTime(iso, now));
  const rows = items.map((item) => [
    item.name,
    `${String(item.sizeGib)} GiB`,
    item.zone ?? "none yet",
    heldWords(item, now),
    at(item.lastUsedAt),
  ]);
  return renderTable(["NAME", "SIZE", "ZONE", "IN USE", "LAST USED"], rows, { styleHeader: dim });
}

function heldWords(item: Disk, now: Date): string {
  if (item.heldBy === null) return "free";
  const { name, until } = item.heldBy;
  return until === null ? `by ${name}` : `by ${name} until ${localTime(until, now)}`;
}
