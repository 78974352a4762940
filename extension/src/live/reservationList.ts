import { isDeepStrictEqual } from "node:util";
import type { Reservation } from "@gpu-dev/shared/api/reservation.ts";
import { Day } from "@gpu-dev/shared/durations.ts";
import { LIVE } from "@gpu-dev/shared/states.ts";

const ENDED_KEPT_MS = Day.ms;

type List = readonly Reservation[];

/** The list with one answer taken in, or the very same list where that is older than what is known, or the same. */
export function withAnswer(list: List, answer: Reservation): List {
  const known = list.find(({ id }) => id === answer.id);
  if (newerOf(known, answer) === known) return list;
  return newestFirst([...list.filter((each) => each !== known), answer]);
}

/**
 * The list after everything was read anew. `learned` are ids that something newer was heard of while the reading
 * was under way: they stay though the answer lacks them. All others that it lacks are gone.
 */
export function withReading(list: List | null, answers: List, learned: ReadonlySet<string>): List {
  const known = new Map((list ?? []).map((each) => [each.id, each]));
  const read = new Map<string, Reservation>();
  for (const answer of answers) {
    read.set(answer.id, newerOf(read.get(answer.id) ?? known.get(answer.id), answer));
  }
  const kept = [...known.values()].filter(({ id }) => learned.has(id) && !read.has(id));
  return newestFirst([...read.values(), ...kept]);
}

/** Without those that ended more than a day ago; the very same list where there is none. */
export function withoutOld(list: List, now: Date): List {
  const kept = list.filter((each) => !isOld(each, now));
  return kept.length === list.length ? list : kept;
}

/** Those that were live when last heard of and that a list of all live ones lacks: how did they end? */
export function missingFrom(list: List, live: List): List {
  const ids = new Set(live.map(({ id }) => id));
  return list.filter(({ id, state }) => LIVE.includes(state) && !ids.has(id));
}

/** Ids of what came, changed or went between two lists. */
export function changedIds(before: List, after: List): string[] {
  const [old, fresh] = [new Map(before.map(byId)), new Map(after.map(byId))];
  const ids = new Set([...old.keys(), ...fresh.keys()]);
  return [...ids].filter((id) => old.get(id) !== fresh.get(id));
}

/**
 * An answer of an older generation was overtaken on its way. One of the same generation counts, as the place in the
 * queue moves without one; where it says the same, the object stays, so that nothing is drawn again.
 */
function newerOf(known: Reservation | undefined, answer: Reservation): Reservation {
  if (known === undefined || known.generation < answer.generation) return answer;
  if (known.generation > answer.generation) return known;
  return isDeepStrictEqual(known, answer) ? known : answer;
}

function byId(each: Reservation): [string, Reservation] {
  return [each.id, each];
}

function isOld({ endedAt }: Reservation, now: Date): boolean {
  return endedAt !== null && now.getTime() - Date.parse(endedAt) > ENDED_KEPT_MS;
}

/** As the server sorts them; the id decides between two of the same moment. */
function newestFirst(list: Reservation[]): List {
  return list.sort(
    (a, b) =>
      Date.parse(b.createdAt) - Date.parse(a.createdAt) || (a.id < b.id ? 1 : a.id > b.id ? -1 : 0),
  );
}
