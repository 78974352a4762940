import { Day } from "@gpu-dev/shared/durations.ts";
import type { EndReason } from "@gpu-dev/shared/states.ts";
import type { HostState, LiveHost, Tombstone } from "./hostState.ts";

/** A reservation that is over. Over is for ever, so it counts whoever says it and however late. */
export interface OverHost {
  readonly id: string;
  /** Null where the server no longer knows it. */
  readonly endedAt: string | null;
  readonly endReason: EndReason | null;
  readonly endDetail: string | null;
}

export interface Observed {
  /** Who is signed in: their hosts have the short names. */
  readonly me: string;
  readonly live: readonly LiveHost[];
  readonly over: readonly OverHost[];
}

/**
 * Merges what one client saw into what is known. Absence from a list says nothing: a list may be older than what
 * another window wrote meanwhile. Only a reservation that was seen to be over leaves, and of two addresses the
 * one with the higher generation stays; so the order in which clients write does not matter.
 */
export function syncHosts(previous: HostState, observed: Observed, now: Date): HostState {
  const over = new Map(observed.over.map((entry) => [entry.id, entry]));
  const gone = new Set([...over.keys(), ...previous.tombstones.map((entry) => String(entry.id))]);
  const live = newestById([...previous.live, ...observed.live]).filter(
    (entry) => !gone.has(entry.id),
  );
  const taken = new Set(live.map(nameKey));
  const tombstones = [
    ...previous.live.flatMap((entry) => {
      const end = over.get(entry.id);
      return end === undefined ? [] : [tombstoneOf(entry, end, now)];
    }),
    ...previous.tombstones,
  ];
  const kept = latestPerName(tombstones).filter(
    (entry) => !taken.has(nameKey(entry)) && new Date(entry.removeAfter) > now,
  );
  const withOwn = <T extends { owner: string }>(entry: T) => ({
    ...entry,
    own: entry.owner === observed.me,
  });
  return {
    ...previous,
    live: sortById(live.map(withOwn)),
    tombstones: sortById(kept.map(withOwn)),
  };
}

function tombstoneOf(entry: LiveHost, end: OverHost, now: Date): Tombstone {
  return {
    id: entry.id,
    name: entry.name,
    owner: entry.owner,
    own: entry.own,
    endedAt: end.endedAt ?? now.toISOString(),
    endReason: end.endReason,
    endDetail: end.endDetail,
    removeAfter: new Date(now.getTime() + Day.ms).toISOString(),
  };
}

function newestById(entries: readonly LiveHost[]): LiveHost[] {
  const newest = new Map<string, LiveHost>();
  for (const entry of entries) {
    const known = newest.get(entry.id);
    if (known === undefined || entry.generation >= known.generation) newest.set(entry.id, entry);
  }
  return [...newest.values()];
}

function latestPerName(entries: readonly Tombstone[]): Tombstone[] {
  const latest = new Map<string, Tombstone>();
  for (const entry of entries) {
    const known = latest.get(nameKey(entry));
    if (known === undefined || new Date(entry.endedAt) > new Date(known.endedAt)) {
      latest.set(nameKey(entry), entry);
    }
  }
  return [...latest.values()];
}

function nameKey(entry: { owner: string; name: string }): string {
  return `${entry.owner}/${entry.name}`;
}

/** A fixed order makes the same hosts the same bytes, and the same bytes are not written again. */
function sortById<T extends { id: string }>(entries: T[]): T[] {
  return entries.sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
}
