import { createEmitter, type Disposable } from "../core/emitter.ts";
import type { HostState, LiveHost } from "@gpu-dev/client/ssh/hostState.ts";

/** Where a reservation's SSH server is reached. */
export type Address = Pick<LiveHost, "host" | "port">;

/** What this window knows of the ssh hosts on disk, for those who show them. */
export interface KnownHosts {
  /** What the host names of this deployment begin with. */
  prefix(): string;
  /** Null until the host of the reservation is written. */
  addressOf(reservationId: string): Address | null;
  readonly onDidChange: (listener: () => void) => Disposable;
}

export interface NotedHosts extends KnownHosts {
  note(state: HostState): void;
}

export function createKnownHosts(): NotedHosts {
  const changes = createEmitter<undefined>();
  let prefix = "gpu-dev";
  let addresses: ReadonlyMap<string, Address> = new Map();
  return {
    prefix: () => prefix,
    addressOf: (id) => addresses.get(id) ?? null,
    onDidChange: (listener) => changes.on(listener),
    note: (state) => {
      const next = new Map(state.live.map(({ id, host, port }) => [id as string, { host, port }]));
      const isSame = state.prefix === prefix && areSame(next, addresses);
      prefix = state.prefix;
      addresses = next;
      if (!isSame) changes.fire(undefined);
    },
  };
}

function areSame(a: ReadonlyMap<string, Address>, b: ReadonlyMap<string, Address>): boolean {
  if (a.size !== b.size) return false;
  return [...a].every(([id, { host, port }]) => {
    const other = b.get(id);
    return other?.host === host && other.port === port;
  });
}
