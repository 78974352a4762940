import { isDeepStrictEqual } from "node:util";
import { Day } from "@gpu-dev/shared/durations.ts";
import { LIVE } from "@gpu-dev/shared/states.ts";
import type { Reservation } from "@gpu-dev/client/http/responses.ts";

/** How long ended reservations stay in the list. */
const RETENTION_MS = Day.ms;

type List = readonly Reservation[];

/**
 * The list with one reservation updated; the same object if the reservation is older than the list,
 * or equal.
 */
export function withReservation(list: List, latest: Reservation): List {
  const known = list.find(({ id }) => id === latest.id);
  if (newerOf(known, latest) === known) return list;
  return newestFirst([...list.filter((each) => each !== known), latest]);
}

/**
 * The list after a full read. `learned` are the ids of reservations that changed during the read:
 * they stay even if the read lacks them. All other reservations that the read lacks are removed.
 */
export function withReading(
  list: List | undefined,
  items: List,
  learned: ReadonlySet<string>,
): List {
  const known = new Map((list ?? []).map((each) => [each.id, each]));
  const read = new Map<string, Reservation>();
  for (const item of items) {
    read.set(item.id, newerOf(read.get(item.id) ?? known.get(item.id), item));
  }
  const kept = [...known.values()].filter(({ id }) => learned.has(id) && !read.has(id));
  return newestFirst([...read.values(), ...kept]);
}

/**
 * The list without reservations that ended more than a day ago; the same object if there are none.
 */
export function withoutOld(list: List, now: Date): List {
  const kept = list.filter((each) => !isOld(each, now));
  return kept.length === list.length ? list : kept;
}

/**
 * Reservations that were live when last read and that a list of all live ones lacks: they have
 * ended.
 */
export function missingFrom(list: List, live: List): List {
  const ids = new Set(live.map(({ id }) => id));
  return list.filter(({ id, state }) => LIVE.includes(state) && !ids.has(id));
}

/** The ids of reservations that were added, changed or removed between two lists. */
export function changedIds(before: List, after: List): string[] {
  const previous = new Map(before.map(entryOf));
  const current = new Map(after.map(entryOf));
  const ids = new Set([...previous.keys(), ...current.keys()]);
  return [...ids].filter((id) => previous.get(id) !== current.get(id));
}

/**
 * A response with an older generation is stale. One with the same generation counts, because the
 * position in the queue changes without a new generation. If it is equal, the known object stays,
 * so that nothing is redrawn.
 */
function newerOf(known: Reservation | undefined, latest: Reservation): Reservation {
  if (known === undefined || known.generation < latest.generation) return latest;
  if (known.generation > latest.generation) return known;
  return isDeepStrictEqual(known, latest) ? known : latest;
}

function entryOf(reservation: Reservation): [string, Reservation] {
  return [reservation.id, reservation];
}

function isOld({ endedAt }: Reservation, now: Date): boolean {
  return endedAt !== undefined && now.getTime() - Date.parse(endedAt) > RETENTION_MS;
}

/** The order of the server; the id decides between reservations created in the same moment. */
function newestFirst(list: Reservation[]): List {
  return list.sort(
    (a, b) =>
      Date.parse(b.createdAt) - Date.parse(a.createdAt) || (a.id < b.id ? 1 : a.id > b.id ? -1 : 0),
  );
}
