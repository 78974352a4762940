import type { HostState, LiveHost, Tombstone } from "./hostState.ts";

/**
 * The ssh host names of all entries: `<prefix>-<name>` for the user's own,
 * `<prefix>-<owner>-<name>` as a collaborator. If both are the same (own "a-b", and "b" of user a),
 * the other user's host gets a double hyphen, which no name can contain.
 */
export function hostNames(state: HostState): Map<LiveHost | Tombstone, string> {
  const names = new Map<LiveHost | Tombstone, string>();
  const taken = new Set<string>();
  const entries = [...state.live, ...state.tombstones];
  const ownFirst = [
    ...entries.filter((entry) => entry.own),
    ...entries.filter((entry) => !entry.own),
  ];
  for (const entry of ownFirst) {
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
  entry: { readonly own: boolean; readonly owner: string; readonly name: string },
): string {
  return entry.own ? `${prefix}-${entry.name}` : `${prefix}-${entry.owner}-${entry.name}`;
}
