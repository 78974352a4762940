import type { Command } from "commander";
import type { Reservation } from "@gpu-dev/client/http/responses.ts";
import { Second } from "@gpu-dev/shared/durations.ts";
import { listReservations } from "@gpu-dev/client/reservations.ts";
import { DEFAULT_SERVER } from "@gpu-dev/client/signIn/server.ts";
import { resources, stateLabel } from "@gpu-dev/client/text/reservationText.ts";
import { openSession, type Session } from "../session/session.ts";
import type { Candidate, Completion } from "./commandLine.ts";
import type { ValueKind } from "./valueKinds.ts";

/** A shell that waits for completion does not react, so a slow server completes nothing. */
const TIMEOUT_MS = 2 * Second.ms;

/** The current values of a kind. Throws if the server does not respond or refuses. */
export async function lookUp(
  kind: Exclude<ValueKind, "files">,
  { options, positionals }: Completion,
  program: Command,
): Promise<Candidate[]> {
  if (kind === "commands") return commandNames(program, positionals);
  if (kind === "ssh-include") return ["enable", "disable"].map((value) => plain(value));
  const { "--server": server, "--as": as } = options;
  const session = await openSession({
    ...(server === undefined ? {} : { server }),
    ...(as === undefined ? {} : { as }),
  });
  switch (kind) {
    case "users":
      return (await session.signedInUsers()).map((user) => plain(user, "signed in"));
    case "servers":
      return servers(session);
    case "reservations":
      return reservations(session, "all", positionals);
    case "live-reservations":
      return reservations(session, "live", positionals);
    case "ready-reservations":
      return reservations(session, "ready", positionals);
    default:
      return resourceValues(session, kind, options);
  }
}

async function resourceValues(
  { client }: Session,
  kind: "types" | "counts" | "disks" | "images" | "key-ids",
  options: Completion["options"],
): Promise<Candidate[]> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  switch (kind) {
    case "types":
      return (await client.call("getCatalogue", { signal })).types.map((type) =>
        plain(type.id, type.title),
      );
    case "counts": {
      const selectedType = options["--gpu-type"]?.toLowerCase();
      const { types } = await client.call("getCatalogue", { signal });
      const counts = types.find((type) => type.id === selectedType)?.counts ?? [];
      return counts.map((count) => plain(String(count)));
    }
    case "images":
      return (await client.call("getCatalogue", { signal })).images.map((image) =>
        plain(image.id, image.title),
      );
    case "disks":
      return (await client.call("listDisks", { signal })).items.map((disk) =>
        plain(disk.name, `${String(disk.sizeGib)} GiB`),
      );
    case "key-ids":
      return (await client.call("listKeys", { signal })).items.map((key) =>
        plain(key.id, key.comment),
      );
  }
}

async function reservations(
  { client }: Session,
  scope: "all" | "live" | "ready",
  given: readonly string[],
): Promise<Candidate[]> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const state = scope === "all" ? "all" : "live";
  // One page: no user chooses among more than its 200 names.
  const items = await listReservations(client, state, { signal, maxPages: 1 });
  const excluded = new Set<string>(given);
  const isOffered = (item: Reservation) => {
    if (excluded.has(item.name) || (scope === "ready" && item.state !== "ready")) return false;
    excluded.add(item.name);
    return true;
  };
  return items
    .filter(isOffered)
    .map((item) => plain(item.name, `${resources(item)}, ${stateLabel(item)}`));
}

async function servers({ credentials, settings }: Session): Promise<Candidate[]> {
  const { server } = await settings.read();
  const signedIn = Object.keys(await credentials.read()).map((key) => key.split("#")[0] ?? key);
  const all = new Set([...(server === undefined ? [] : [server]), ...signedIn, DEFAULT_SERVER]);
  return [...all].map((value) => plain(value));
}

function commandNames(program: Command, path: readonly string[]): Candidate[] {
  let command = program;
  for (const word of path) {
    const child = command.commands.find((each) => each.name() === word);
    if (child === undefined) return [];
    command = child;
  }
  const names = command.createHelp().visibleCommands(command);
  const topics = command === program ? [plain("exit-codes", "the exit codes")] : [];
  return [...names.map((child) => plain(child.name(), child.description())), ...topics];
}

function plain(value: string, description = ""): Candidate {
  return { value, description };
}
