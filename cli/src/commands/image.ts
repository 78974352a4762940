import type { Command } from "commander";
import { renderTable } from "../output/table.ts";
import { sessionFor } from "../session/session.ts";

export function addImage(program: Command): void {
  const image = program.command("image").description("the images that a reservation can run");
  image
    .command("list")
    .description("the images, for reserve --image")
    .action(async (_options: unknown, command: Command) => {
      const session = await sessionFor(command);
      await session.requireCredential();
      const { images } = await session.client.call("getCatalogue");
      const { output } = session;
      if (output.json) {
        output.result({ items: images });
        return;
      }
      const rows = images.map(({ id, title, reference, default: isDefault }) => [
        isDefault ? `${id} (default)` : id,
        title,
        reference,
      ]);
      const table = { styleHeader: output.style.dim, maxWidth: output.maxWidth(), drop: [1, 2] };
      for (const line of renderTable(["ID", "NAME", "REFERENCE"], rows, table)) output.line(line);
    });
}
