import { SshFilesError } from "./fileSystem.ts";
import { hostNames, type HostState, type LiveHost, type Tombstone } from "./hostState.ts";

export interface RenderOptions {
  readonly platform: NodeJS.Platform;
  readonly knownHostsPath: string;
  readonly statePath: string;
  /** Absolute: the program and its first arguments, to which `explain` is appended. */
  readonly explainCommand: readonly string[];
}

const HEADER = [
  "# Written by gpu-dev, and rewritten whenever a reservation changes: edits here are lost.",
  "# Your own settings for these hosts belong in your ssh config, after the Include line.",
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
    `  IdentityFile ${path(entry.identityFile ?? state.identityFile)}`,
    // An agent with many keys would use up the server's authentication attempts before it offers
    // ours.
    "  IdentitiesOnly yes",
    "  PreferredAuthentications publickey",
    `  HostKeyAlias ${hostKeyAlias(entry.id)}`,
    `  UserKnownHostsFile ${path(options.knownHostsPath)}`,
    "  StrictHostKeyChecking yes",
    "  UpdateHostKeys no",
    "  CheckHostIP no",
    // Set here, so that the user's own "Host *" block does not route these hosts elsewhere.
    "  ProxyJump none",
    "  CanonicalizeHostname no",
    "  ControlMaster no",
    "  ControlPath none",
    "  ServerAliveInterval 15",
    "  ServerAliveCountMax 3",
    "  TCPKeepAlive yes",
  ];
}

/** A path in quotes, with "%" doubled where ssh expands tokens. */
export function quotedPath(
  path: string,
  platform: NodeJS.Platform,
  options: { readonly tokens: boolean },
): string {
  const slashed = platform === "win32" ? path.replaceAll("\\", "/") : path;
  // ssh cannot express these in every option and version that we use.
  // eslint-disable-next-line no-control-regex
  if (/[\u0000-\u001f\u007f"\\]|\$\{/.test(slashed)) throw unusablePath(path);
  if (!options.tokens && /[*?[\]]/.test(slashed)) throw unusablePath(path);
  return `"${options.tokens ? slashed.replaceAll("%", "%%") : slashed}"`;
}

function renderTombstone(entry: Tombstone, name: string, options: RenderOptions): string[] {
  const command = [...options.explainCommand, "explain", entry.id, "--state", options.statePath];
  return [
    `# ended at ${entry.endedAt}; this host is removed after ${entry.removeAfter}`,
    `Host ${plainWord(name, "the host name")}`,
    `  HostName ${hostKeyAlias(entry.id)}.invalid`,
    `  ProxyCommand ${quotedCommand(command, options.platform)}`,
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

/**
 * A value for a line of ssh's config. The schemas already restrict it; it is checked again, because
 * a line break here would become a line of configuration.
 */
function plainWord(value: string, what: string): string {
  if (/^[A-Za-z0-9._:@/+=[\]-]+$/.test(value) && !value.startsWith("-")) return value;
  throw new SshFilesError(
    `${what} can't be written to an ssh config: ${JSON.stringify(value)}. Report this to the server's operator.`,
  );
}

/**
 * A command line for ProxyCommand: ssh expands "%", then passes it to the user's shell (Windows: to
 * the system).
 */
function quotedCommand(words: readonly string[], platform: NodeJS.Platform): string {
  return words
    .map((word) => {
      // eslint-disable-next-line no-control-regex
      if (/[\u0000-\u001f\u007f]/.test(word)) throw unusablePath(word);
      if (platform === "win32") {
        if (word.includes('"')) throw unusablePath(word);
        return `"${word}"`;
      }
      return `'${word.replaceAll("'", `'\\''`)}'`;
    })
    .join(" ")
    .replaceAll("%", "%%");
}

function unusablePath(path: string): SshFilesError {
  return new SshFilesError(
    `ssh can't use the path ${JSON.stringify(path)}: it contains a quote, a backslash, a wildcard or a ` +
      "control character. Set GPU_DEV_HOME to a folder with a plain name.",
  );
}
