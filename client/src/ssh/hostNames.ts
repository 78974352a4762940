import type { HostState, LiveHost, Tombstone } from "./hostState.ts";

/**
 * The ssh host names of all entries. One's own is `<prefix>-<name>`, a collaborator's `<prefix>-<owner>-<name>`.
 * Should both come out the same ("a-b" of one's own and "b" of a), the other's gets a double hyphen, which no
 * name can hold.
 */
export function hostNames(state: HostState): Map<LiveHost | Tombstone, string> {
  const names = new Map<LiveHost | Tombstone, string>();
  const taken = new Set<string>();
  const ordered = [...state.live, ...state.tombstones];
  for (const entry of [...ordered.filter((e) => e.own), ...ordered.filter((e) => !e.own)]) {
    const plain = hostNameFor(state.prefix, entry);
    const name =
      entry.own || !taken.has(plain) ? plain : `${state.prefix}-${entry.owner}--${entry.name}`;
    if (taken.has(name)) continue;
    taken.add(name);
    names.set(entry, name);
  }
  return names;
}

export function hostNameFor(
  prefix: string,
  entry: { own: boolean; owner: string; name: string },
): string {
  return entry.own ? `${prefix}-${entry.name}` : `${prefix}-${entry.owner}-${entry.name}`;
}
