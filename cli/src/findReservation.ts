import type { Reservation } from "@gpu-dev/shared/api/reservation.ts";
import { LIVE } from "@gpu-dev/shared/states.ts";
import { CliError } from "./exitCodes.ts";
import { stateWords } from "@gpu-dev/client/text/reservationText.ts";
import type { Session } from "./session.ts";

export async function listAll(
  session: Session,
  state: "live" | "ended" | "all",
  options: { name?: string; enough?: (items: readonly Reservation[]) => boolean } = {},
): Promise<Reservation[]> {
  const items: Reservation[] = [];
  let cursor: string | undefined;
  do {
    const page = await session.client.call("listReservations", {
      query: { state, limit: 200, name: options.name, cursor },
    });
    items.push(...page.items);
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined && options.enough?.(items) !== true);
  return items;
}

/**
 * Finds by name or by the beginning of an id (four characters at least). A live one wins over those that are over;
 * among the over the newest by that name is meant.
 */
export async function findReservation(session: Session, text: string): Promise<Reservation> {
  const live = await listAll(session, "live");
  const found = pick(live, text);
  if (found !== null) return found;
  const byName = await listAll(session, "all", { name: text, enough: () => true });
  const past = pick(byName, text) ?? pick(await listAll(session, "ended"), text);
  if (past !== null) return past;
  const names = live.map((reservation) => reservation.name);
  throw new CliError(
    "notFound",
    `You have no reservation called ${JSON.stringify(text)}. ` +
      (names.length === 0
        ? 'You have none that is live; "gpu-dev list --all" shows those of today.'
        : `Live are: ${names.join(", ")}.`),
  );
}

/** Null when there is none; throws where an id prefix fits several. */
export function pick(candidates: readonly Reservation[], text: string): Reservation | null {
  const named = candidates.filter((reservation) => reservation.name === text);
  const liveNamed = named.find((reservation) => LIVE.includes(reservation.state));
  const [newest] = [...named].sort((a, b) => b.createdAt.localeCompare(a.createdAt));
  if (newest !== undefined) return liveNamed ?? newest;
  if (text.length < 4) return null;
  const byId = candidates.filter((reservation) => reservation.id.startsWith(text.toLowerCase()));
  if (byId.length <= 1) return byId[0] ?? null;
  const list = byId.map((one) => `${one.id} (${one.name}, ${stateWords(one)})`).join(", ");
  throw new CliError("usage", `"${text}" fits several reservations: ${list}. Give more of the id.`);
}
