import { isIP } from "node:net";
import { Second } from "@gpu-dev/shared/durations.ts";
import { SshFilesError } from "./fileSystem.ts";
import { hostNames } from "./hostNames.ts";
import type { HostState, LiveHost, Tombstone } from "./hostState.ts";

export interface RenderOptions {
  readonly platform: NodeJS.Platform;
  readonly knownHostsPath: string;
  readonly statePath: string;
  /** The private key of our own pair. Options for it do not apply to a key that the user chose. */
  readonly ownIdentity: string;
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
      : [...renderEnd(entry, name, options), ...renderLive(state, entry, name, options)],
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
  const identityFile = entry.identityFile ?? state.identityFile;
  const isOwnKey = identityFile === options.ownIdentity;
  const settings = [
    ...FIRST_SETTINGS,
    `HostName ${plainWord(entry.host, "the address")}`,
    `Port ${String(entry.port)}`,
    `User ${plainWord(entry.user, "the user")}`,
    ...routeSettings(entry.host),
    `IdentityFile ${path(identityFile)}`,
    ...AUTHENTICATION_SETTINGS,
    ...(isOwnKey ? OWN_KEY_SETTINGS : []),
    `HostKeyAlias ${hostKeyAlias(entry.id)}`,
    `HostKeyAlgorithms ${hostKeyAlgorithms(entry)}`,
    `UserKnownHostsFile ${path(options.knownHostsPath)}`,
    ...HOST_KEY_SETTINGS,
    ...SESSION_SETTINGS,
  ];
  return [`Host ${plainWord(name, "the host name")}`, ...settings.map((setting) => `  ${setting}`)];
}

/*
 * ssh uses the first value of an option, and ours are first, so the settings below also decide
 * against blocks of the user for all hosts. SSH_OPTIONS says why each option is set, and
 * docs/ssh-options.md what that means for the user.
 */

/** Options that this version of ssh does not have are skipped: ours, and those of the user. */
const FIRST_SETTINGS = ["IgnoreUnknown *"];

const DIRECT_SETTINGS = [
  "ProxyUseFdpass no",
  "CanonicalizeHostname no",
  "ControlMaster no",
  "ControlPath none",
  "ControlPersist no",
  "PermitLocalCommand no",
];

/** With a numeric address, only its own family and the default local address can reach it. */
function routeSettings(host: string): string[] {
  const family = isIP(host);
  return [
    // "ProxyJump none" alone would not stop a ProxyCommand of the user.
    "ProxyCommand none",
    "ProxyJump none",
    ...(family === 0 ? [] : ["AddressFamily any"]),
    ...(family === 0 ? [] : [`BindAddress ${family === 6 ? "::" : "0.0.0.0"}`]),
    ...DIRECT_SETTINGS,
    "ServerAliveInterval 15",
    "ServerAliveCountMax 3",
    "TCPKeepAlive yes",
  ];
}

const AUTHENTICATION_SETTINGS = [
  // An agent with many keys would use up the server's authentication attempts before it offers
  // ours.
  "IdentitiesOnly yes",
  "PreferredAuthentications publickey",
  "PubkeyAuthentication yes",
];

const OWN_KEY_SETTINGS = [
  // The name that every version knows; newer ones call it PubkeyAcceptedAlgorithms.
  "PubkeyAcceptedKeyTypes ssh-ed25519",
  "AddKeysToAgent no",
  "PKCS11Provider none",
];

const HOST_KEY_SETTINGS = [
  "StrictHostKeyChecking yes",
  "UpdateHostKeys no",
  "CheckHostIP no",
  "KnownHostsCommand none",
  "NoHostAuthenticationForLocalhost no",
  "VerifyHostKeyDNS no",
];

const SESSION_SETTINGS = [
  "RemoteCommand none",
  "RequestTTY auto",
  "SessionType default",
  "StdinNull no",
  "ForkAfterAuthentication no",
  "ClearAllForwardings no",
  "Tunnel no",
];

/**
 * A host that resolves only while the Include line works, with the options of a live host. It is a
 * pattern, so editors do not list it; no reservation has its name, because names have no double
 * hyphen. The address is numeric, so ssh needs no resolver.
 */
export const PROBE = {
  host: "gpu-dev--setup-check",
  pattern: "gpu-dev--setup-chec?",
  address: "192.0.2.1",
} as const;

/** The block of PROBE. Nothing connects to it. */
export function renderProbe(): string[] {
  const settings = [
    ...FIRST_SETTINGS,
    `HostName ${PROBE.address}`,
    ...routeSettings(PROBE.address),
    ...AUTHENTICATION_SETTINGS,
    ...OWN_KEY_SETTINGS,
    "HostKeyAlgorithms ssh-ed25519",
    ...HOST_KEY_SETTINGS,
    ...SESSION_SETTINGS,
  ];
  return [`Host ${PROBE.pattern}`, ...settings.map((setting) => `  ${setting}`)];
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
  return [
    `# ended at ${entry.endedAt}; this host is removed after ${entry.removeAfter}`,
    `Host ${plainWord(name, "the host name")}`,
    `  HostName ${hostKeyAlias(entry.id)}.invalid`,
    ...explanationSettings(entry.id, options),
  ];
}

/**
 * Ahead of the block of a live host: after the end of its lease, and if nothing responds at its
 * address, ssh explains the end, even if no client of ours has run since. Until then the check
 * costs one shell. Without a command that every version of ssh can read there is no check.
 */
function renderEnd(entry: LiveHost, name: string, options: RenderOptions): string[] {
  const words = [...explainArguments(entry.id, options), "--if-gone"];
  // ssh's versions read quotes and backslashes inside of quotes in different ways.
  const isPlain = words.every((word) => !/['"\\]/.test(word));
  if (entry.expiresAt === undefined || options.platform === "win32" || !isPlain) return [];
  const end = new Date(entry.expiresAt);
  const seconds = Math.ceil(end.getTime() / Second.ms);
  // Only sh is sure to know this syntax; ssh uses the user's shell.
  const isPast = `/bin/sh -c 'test $(date +%%s) -ge ${String(seconds)}'`;
  const isGone = quotedCommand(words, options.platform);
  return [
    `# its lease ends at ${end.toISOString()}`,
    `Match originalhost ${plainWord(name, "the host name")} exec "${isPast} && ${isGone}"`,
    ...explanationSettings(entry.id, options),
  ];
}

/** Instead of a connection, ssh runs our program, which prints how the reservation ended. */
function explanationSettings(id: string, options: RenderOptions): string[] {
  const settings = [
    ...FIRST_SETTINGS,
    `ProxyCommand ${quotedCommand(explainArguments(id, options), options.platform)}`,
    "BatchMode yes",
    // Our program prints the reason; ssh would add that the connection was closed.
    "LogLevel QUIET",
    ...DIRECT_SETTINGS,
  ];
  return settings.map((setting) => `  ${setting}`);
}

function explainArguments(id: string, options: RenderOptions): string[] {
  return [...options.explainCommand, "explain", id, "--state", options.statePath];
}

function hostKeyAlias(id: string): string {
  return `gpu-dev-${plainWord(id, "the reservation id")}`;
}

/** The signature algorithms of the pinned keys. */
function hostKeyAlgorithms({ hostKeys }: LiveHost): string {
  const types = new Set(hostKeys.map((key) => plainWord(keyTypeOf(key), "a host key")));
  return [...types]
    .map((type) => (type === "ssh-rsa" ? "rsa-sha2-512,rsa-sha2-256" : type))
    .join(",");
}

function keyTypeOf(key: string): string {
  return key.trim().split(/\s+/)[0] ?? "";
}

function keyTypeAndData(key: string): string {
  const [type = "", data = ""] = key.trim().split(/\s+/);
  return `${plainWord(type, "a host key")} ${plainWord(data, "a host key")}`;
}

/**
 * A value for a line of ssh's config. The schemas already restrict it; it is checked again, because
 * a line break here would become a line of configuration.
 */
function plainWord(value: string, description: string): string {
  if (/^[A-Za-z0-9._:@/+=[\]-]+$/.test(value) && !value.startsWith("-")) return value;
  throw new SshFilesError(
    `${description} can't be written to an ssh config: ${JSON.stringify(value)}. Report this to the server's operator.`,
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
