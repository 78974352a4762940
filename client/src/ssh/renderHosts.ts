import { hostNames } from "./hostNames.ts";
import type { HostState, LiveHost, Tombstone } from "./hostState.ts";
import { plainWord, quotedCommand, quotedPath } from "./quoting.ts";

export interface RenderOptions {
  readonly platform: NodeJS.Platform;
  readonly knownHostsPath: string;
  readonly statePath: string;
  /** Absolute: the program and its first arguments that `explain` is given to. */
  readonly explainCommand: readonly string[];
}

const HEADER = [
  "# Written by gpu-dev and written anew whenever a reservation changes: edits here are lost.",
  "# Your own settings for these hosts go into your ssh config, after the Include line.",
];

/** The file that ssh reads for one deployment. Pure: the same state gives the same bytes. */
export function renderHosts(state: HostState, options: RenderOptions): string {
  const blocks = [...hostNames(state)].map(([entry, name]) =>
    "endedAt" in entry
      ? renderTombstone(entry, name, options)
      : renderLive(state, entry, name, options),
  );
  return [...HEADER, "", ...blocks.flatMap((block) => [...block, ""])].join("\n");
}

export function renderKnownHosts(state: HostState): string {
  const lines = state.live.flatMap((entry) =>
    entry.hostKeys.map((key) => `${hostKeyAlias(entry.id)} ${keyTypeAndData(key)}\n`),
  );
  return lines.join("");
}

/** The block of one host, for `get-ssh-config`. */
export function renderLive(
  state: HostState,
  entry: LiveHost,
  name: string,
  options: RenderOptions,
): string[] {
  const path = (value: string) => quotedPath(value, options.platform, { tokens: true });
  return [
    `Host ${plainWord(name, "the host name")}`,
    `  HostName ${plainWord(entry.host, "the address")}`,
    `  Port ${String(entry.port)}`,
    `  User ${plainWord(entry.user, "the user")}`,
    `  IdentityFile ${path(state.identityFile)}`,
    // An agent full of keys would use up the server's tries before ours is offered.
    "  IdentitiesOnly yes",
    "  PreferredAuthentications publickey",
    `  HostKeyAlias ${hostKeyAlias(entry.id)}`,
    `  UserKnownHostsFile ${path(options.knownHostsPath)}`,
    "  StrictHostKeyChecking yes",
    "  UpdateHostKeys no",
    "  CheckHostIP no",
    // Set here so that what the user has for "Host *" does not send these hosts elsewhere.
    "  ProxyJump none",
    "  CanonicalizeHostname no",
    "  ControlMaster no",
    "  ControlPath none",
    "  ServerAliveInterval 15",
    "  ServerAliveCountMax 3",
    "  TCPKeepAlive yes",
  ];
}

function renderTombstone(entry: Tombstone, name: string, options: RenderOptions): string[] {
  const words = [...options.explainCommand, "explain", entry.id, "--state", options.statePath];
  return [
    `# over since ${entry.endedAt}; this host goes after ${entry.removeAfter}`,
    `Host ${plainWord(name, "the host name")}`,
    `  HostName ${hostKeyAlias(entry.id)}.invalid`,
    `  ProxyCommand ${quotedCommand(words, options.platform)}`,
    "  BatchMode yes",
    "  CanonicalizeHostname no",
    "  ControlMaster no",
    "  ControlPath none",
  ];
}

function hostKeyAlias(id: string): string {
  return `gpu-dev-${plainWord(id, "the reservation id")}`;
}

function keyTypeAndData(key: string): string {
  const [type = "", data = ""] = key.trim().split(/\s+/);
  return `${plainWord(type, "a host key")} ${plainWord(data, "a host key")}`;
}
