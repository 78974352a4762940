import { LIVE } from "@gpu-dev/shared/states.ts";
import type { Reservation } from "@gpu-dev/client/http/responses.ts";
import { listReservations } from "@gpu-dev/client/reservations.ts";
import { stateLabel } from "@gpu-dev/client/text/reservationText.ts";
import { CliError } from "../output/exitCodes.ts";
import type { Session } from "./session.ts";

const MIN_ID_PREFIX = 4;

/**
 * Finds a reservation by its name or by the beginning of its id. A live one wins over ended ones;
 * among ended ones with the same name, the newest wins.
 */
export async function findReservation(session: Session, text: string): Promise<Reservation> {
  const { client } = session;
  const live = await listReservations(client, "live");
  const byName = async () => listReservations(client, "all", { name: text, maxPages: 1 });
  const ended = async () => listReservations(client, "ended");
  const found =
    pickReservation(live, text) ??
    pickReservation(await byName(), text) ??
    pickReservation(await ended(), text);
  if (found !== undefined) return found;
  const names = live.map((reservation) => reservation.name);
  throw new CliError(
    "notFound",
    `You have no reservation named ${JSON.stringify(text)}. ` +
      (names.length === 0
        ? 'You have no live reservations; "gpu-dev list --all" shows those that ended today.'
        : `Your live reservations: ${names.join(", ")}.`),
  );
}

/** Undefined if none matches. Throws if an id prefix matches several. */
export function pickReservation(
  candidates: readonly Reservation[],
  text: string,
): Reservation | undefined {
  const named = candidates.filter((reservation) => reservation.name === text);
  const liveNamed = named.find((reservation) => LIVE.includes(reservation.state));
  const [newest] = named.toSorted((a, b) => b.createdAt.localeCompare(a.createdAt));
  if (newest !== undefined) return liveNamed ?? newest;
  if (text.length < MIN_ID_PREFIX) return undefined;
  const byId = candidates.filter((reservation) => reservation.id.startsWith(text.toLowerCase()));
  if (byId.length <= 1) return byId[0];
  const list = byId.map((item) => `${item.id} (${item.name}, ${stateLabel(item)})`).join(", ");
  throw new CliError(
    "usage",
    `"${text}" matches several reservations: ${list}. Give more of the id.`,
  );
}
