import type { Command } from "commander";
import type { Disk } from "@gpu-dev/client/http/responses.ts";
import { localTime } from "@gpu-dev/client/text/times.ts";
import { renderTable } from "../output/table.ts";
import { sessionFor } from "../session/session.ts";

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
      for (const line of diskLines(items, session.now(), output.style.dim)) output.line(line);
    });
}

function diskLines(items: readonly Disk[], now: Date, dim: (text: string) => string): string[] {
  const at = (iso: string | undefined) => (iso === undefined ? "never" : localTime(iso, now));
  const rows = items.map((item) => [
    item.name,
    `${String(item.sizeGib)} GiB`,
    item.zone ?? "none yet",
    holderLabel(item, now),
    at(item.lastUsedAt),
  ]);
  return renderTable(["NAME", "SIZE", "ZONE", "IN USE", "LAST USED"], rows, { styleHeader: dim });
}

function holderLabel(item: Disk, now: Date): string {
  if (item.heldBy === undefined) return "free";
  const { name, until } = item.heldBy;
  return until === undefined ? `by ${name}` : `by ${name} until ${localTime(until, now)}`;
}
