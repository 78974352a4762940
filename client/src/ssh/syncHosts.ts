import { addMs, Day } from "@gpu-dev/shared/durations.ts";
import type { HostState, LiveHost, Tombstone } from "./hostState.ts";

/** A reservation that has ended. An end is final, so it counts from any client and however late. */
export interface EndedHost {
  readonly id: string;
  /** Undefined if the server no longer knows the reservation. */
  readonly endedAt: string | undefined;
  readonly endReason: string | undefined;
  readonly endDetail: string | undefined;
}

export interface Observed {
  /** The user whose hosts have the short names. */
  readonly me: string;
  readonly live: readonly LiveHost[];
  readonly ended: readonly EndedHost[];
}

/**
 * Merges what one client observed into the known hosts. Absence from a list proves nothing: the
 * list may be older than what another window wrote meanwhile. A host is removed only when its
 * reservation was observed as ended, and of two addresses the one with the higher generation stays,
 * so the order in which clients write does not matter.
 */
export function syncHosts(previous: HostState, observed: Observed, now: Date): HostState {
  const ended = new Map(observed.ended.map((entry) => [entry.id, entry]));
  const endedIds = new Set([
    ...ended.keys(),
    ...previous.tombstones.map((entry) => String(entry.id)),
  ]);
  const live = newestById([...previous.live, ...observed.live]).filter(
    (entry) => !endedIds.has(entry.id),
  );
  const taken = new Set(live.map(nameKey));
  const tombstones = [
    ...previous.live.flatMap((entry) => {
      const end = ended.get(entry.id);
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

function tombstoneOf(entry: LiveHost, end: EndedHost, now: Date): Tombstone {
  return {
    id: entry.id,
    name: entry.name,
    owner: entry.owner,
    own: entry.own,
    endedAt: end.endedAt ?? now.toISOString(),
    endReason: end.endReason,
    endDetail: end.endDetail,
    removeAfter: addMs(now, Day.ms).toISOString(),
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

/** With a fixed order the same hosts give the same bytes, which are not written again. */
function sortById<T extends { id: string }>(entries: T[]): T[] {
  return entries.sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
}
