import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import { localTime } from "@gpu-dev/client/text/times.ts";
import { CliError } from "../output/exitCodes.ts";
import { renderTable } from "../output/table.ts";
import { type Session, sessionFor } from "../session/session.ts";

export function addKey(program: Command): void {
  const key = program.command("key").description("the SSH public keys that open your reservations");
  key
    .command("list")
    .description("your registered keys")
    .action(async (_options: unknown, command: Command) => {
      await list(await sessionFor(command));
    });
  key
    .command("add")
    .description("register a public key, also for your running reservations")
    .argument("<file>", "a public key file: ~/.ssh/id_ed25519.pub")
    .action(async (file: string, _options: unknown, command: Command) => {
      const session = await sessionFor(command);
      await session.requireCredential();
      const publicKey = await readPublicKey(file);
      const added = await session.client.call("addKey", { body: { publicKey } });
      if (session.output.json) session.output.result(added);
      else session.output.line(`Registered ${added.fingerprint} as key ${added.id}.`);
    });
  key
    .command("remove")
    .description("remove a key, also from your running reservations")
    .argument("<id>", "its id, as key list prints it")
    .action(async (id: string, _options: unknown, command: Command) => {
      const session = await sessionFor(command);
      await session.requireCredential();
      const { items } = await session.client.call("listKeys");
      const found = items.find((item) => item.id === id || item.fingerprint === id);
      if (found === undefined) {
        throw new CliError(
          "notFound",
          `You have no key ${JSON.stringify(id)}. See: gpu-dev key list`,
        );
      }
      await session.client.call("removeKey", { params: { keyId: found.id } });
      if (session.output.json) session.output.result({ removed: found.id });
      else
        session.output.line(`Removed ${found.fingerprint}; it opens no reservation of yours now.`);
    });
}

async function list(session: Session): Promise<void> {
  await session.requireCredential();
  const { items } = await session.client.call("listKeys");
  const { output } = session;
  if (output.json) {
    output.result({ items });
    return;
  }
  if (items.length === 0) {
    output.line("You have no registered keys. To register those of this machine: gpu-dev login");
    return;
  }
  const rows = items.map(({ id, publicKey, fingerprint, comment, createdAt }) => [
    id,
    publicKey.split(" ")[0] ?? "",
    fingerprint,
    comment,
    localTime(createdAt, session.now()),
  ]);
  const table = { styleHeader: output.style.dim, maxWidth: output.maxWidth(), drop: [4, 1, 3] };
  const header = ["ID", "TYPE", "FINGERPRINT", "COMMENT", "ADDED"];
  for (const line of renderTable(header, rows, table)) output.line(line);
}

async function readPublicKey(file: string): Promise<string> {
  const text = await readFile(file, "utf8").catch((error: unknown) => {
    throw new CliError("usage", `${file} can't be read. Give a public key file.`, { cause: error });
  });
  if (!text.includes("PRIVATE KEY")) return text.trim();
  throw new CliError("usage", `${file} is a private key. Give its public key: ${file}.pub`);
}
