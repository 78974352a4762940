/**
 * Every option of ssh_config(5) up to OpenSSH 10.5, and what it can do to our hosts. A test walks
 * this table with real clients, and docs/ssh-options.md shows it.
 *
 * - `set`: our host block states it, because another value would break the connection.
 * - `policy`: the user's choice, which we respect. If it prevents the connection, we name it.
 * - `harmless`: no value prevents the connection or changes the session of a program.
 */
export type OptionRole = "set" | "policy" | "harmless";

export interface SshOption {
  readonly name: string;
  readonly role: OptionRole;
  /** Why the option has its role. */
  readonly reason: string;
  /** The first OpenSSH version that has it, if newer than 7.4; or the distributor that adds it. */
  readonly since?: string;
  /** Earlier names, which ssh still accepts. */
  readonly aliases?: readonly string[];
}

const ROUTE: readonly SshOption[] = [
  set("AddressFamily", "set for a numeric address: another family could not reach it"),
  set("BindAddress", "set for a numeric address: an address of yours may not reach it"),
  set("BindInterface", "BindAddress, which we set, takes precedence", { since: "7.7" }),
  harmless("CanonicalDomains", "not used with CanonicalizeHostname no"),
  harmless("CanonicalizeFallbackLocal", "not used with CanonicalizeHostname no"),
  set("CanonicalizeHostname", "yes would look up another name for the host"),
  harmless("CanonicalizeMaxDots", "not used with CanonicalizeHostname no"),
  harmless("CanonicalizePermittedCNAMEs", "host keys are pinned by reservation, not by name"),
  policy("ConnectionAttempts", "how often you want to try"),
  policy("ConnectTimeout", "how long you want to wait"),
  set("ControlMaster", "a shared connection may belong to an earlier server"),
  set("ControlPath", "as ControlMaster"),
  set("ControlPersist", "as ControlMaster"),
  set("Hostname", "the address of the server"),
  policy("IPQoS", "the marks that your network expects"),
  set("Port", "the port of the server"),
  set("ProxyCommand", "none: a command of yours does not lead to our servers"),
  set("ProxyJump", "none: a jump host of yours does not lead to our servers"),
  set("ProxyUseFdpass", "as ProxyCommand"),
  policy("RefuseConnection", "you refuse the connection; ssh prints your text", { since: "10.1" }),
  set("ServerAliveCountMax", "ends the session of an unreachable server"),
  set("ServerAliveInterval", "as ServerAliveCountMax"),
  set("TCPKeepAlive", "keeps the connection open through routers", { aliases: ["KeepAlive"] }),
];

const HOST_KEYS: readonly SshOption[] = [
  harmless("CASignatureAlgorithms", "host keys are plain keys, not certificates", { since: "7.9" }),
  set("CheckHostIP", "addresses are used again by other servers"),
  harmless("FingerprintHash", "changes only what ssh prints"),
  harmless("GlobalKnownHostsFile", "does not know the alias of the host"),
  harmless("HashKnownHosts", "nothing is added to known hosts"),
  set("HostKeyAlgorithms", "the types of the host's pinned keys"),
  set("HostKeyAlias", "the reservation, whatever its address is"),
  set("KnownHostsCommand", "only pinned keys are accepted", { since: "8.5" }),
  set("NoHostAuthenticationForLocalhost", "yes would accept any key on this machine"),
  policy("RequiredRSASize", "the RSA keys that you accept", { since: "9.1" }),
  policy("RevokedHostKeys", "the host keys that you refuse"),
  set("StrictHostKeyChecking", "only pinned keys are accepted"),
  set("UpdateHostKeys", "the file of pinned keys is ours"),
  set("UserKnownHostsFile", "the file of pinned keys"),
  set("VerifyHostKeyDNS", "only pinned keys are accepted"),
  harmless("VisualHostKey", "changes only what ssh prints"),
];

const ENCRYPTION: readonly SshOption[] = [
  policy("Ciphers", "the ciphers that you accept"),
  harmless("Compression", "the server may decline it"),
  policy("KexAlgorithms", "the key exchanges that you accept"),
  policy("MACs", "the message authentication codes that you accept"),
  harmless("RekeyLimit", "the server exchanges keys as often as asked"),
  harmless("VersionAddendum", "text after the version of the client", { since: "10.0" }),
  harmless("WarnWeakCrypto", "changes only what ssh prints", { since: "10.1" }),
];

const AUTHENTICATION: readonly SshOption[] = [
  set("AddKeysToAgent", "no for our own key pair, which needs no agent"),
  harmless("BatchMode", "our own key pair has no passphrase to ask for"),
  harmless("CertificateFile", "tried in addition to the key"),
  harmless("EnableSSHKeysign", "only for host-based authentication"),
  harmless("GSSAPIAuthentication", "PreferredAuthentications leaves it out"),
  harmless("GSSAPIClientIdentity", "only for GSSAPI", { since: "Debian" }),
  harmless("GSSAPIDelegateCredentials", "only for GSSAPI"),
  harmless("GSSAPIKexAlgorithms", "only for GSSAPI", { since: "Debian" }),
  harmless("GSSAPIKeyExchange", "the server offers none", { since: "Debian" }),
  harmless("GSSAPIRenewalForcesRekey", "only for GSSAPI", { since: "Debian" }),
  harmless("GSSAPIServerIdentity", "only for GSSAPI", { since: "Debian" }),
  harmless("GSSAPITrustDns", "only for GSSAPI", { since: "Debian" }),
  harmless("HostbasedAcceptedAlgorithms", "only for host-based authentication", {
    since: "8.5",
    aliases: ["HostbasedKeyTypes"],
  }),
  harmless("HostbasedAuthentication", "PreferredAuthentications leaves it out"),
  set("IdentitiesOnly", "the keys of a full agent would use up the attempts"),
  policy("IdentityAgent", "the agent that you use, also for forwarding"),
  set("IdentityFile", "the key; yours are tried after it", { aliases: ["IdentityFile2"] }),
  harmless("KbdInteractiveAuthentication", "PreferredAuthentications leaves it out", {
    aliases: ["ChallengeResponseAuthentication"],
  }),
  harmless("KbdInteractiveDevices", "PreferredAuthentications leaves it out"),
  harmless("NumberOfPasswordPrompts", "PreferredAuthentications leaves passwords out"),
  harmless("PasswordAuthentication", "PreferredAuthentications leaves it out"),
  set("PKCS11Provider", "none for our own key pair: a token would ask for its PIN", {
    aliases: ["SmartcardDevice"],
  }),
  set("PreferredAuthentications", "publickey: the server accepts nothing else"),
  set("PubkeyAcceptedAlgorithms", "the type of our own key pair", {
    since: "8.5",
    aliases: ["PubkeyAcceptedKeyTypes"],
  }),
  set("PubkeyAuthentication", "yes: the server accepts nothing else", {
    aliases: ["DSAAuthentication"],
  }),
  harmless("SecurityKeyProvider", "only for keys on a security key", { since: "8.2" }),
  set("User", "the account on the server"),
];

const SESSION: readonly SshOption[] = [
  policy("ChannelTimeout", "when you want an idle session to end", { since: "9.6" }),
  set("ClearAllForwardings", "yes would disable -L, -R and -D, which editors use"),
  policy("DynamicForward", "the ports that you forward"),
  harmless("EnableEscapeCommandline", "only on a terminal", { since: "9.2" }),
  harmless("EscapeChar", "only on a terminal"),
  policy("ExitOnForwardFailure", "whether a busy port ends the connection"),
  set("ForkAfterAuthentication", "yes would move ssh to the background", { since: "8.7" }),
  policy("ForwardAgent", "whether you trust the server with your agent"),
  policy("ForwardX11", "ssh warns that the server declines it"),
  harmless("ForwardX11Timeout", "only for X11"),
  harmless("ForwardX11Trusted", "only for X11"),
  policy("GatewayPorts", "who may use the ports that you forward"),
  harmless("LocalCommand", "not run with PermitLocalCommand no"),
  policy("LocalForward", "the ports that you forward"),
  harmless("LogLevel", "changes only what ssh prints"),
  harmless("LogVerbose", "changes only what ssh prints", { since: "8.5" }),
  harmless("ObscureKeystrokeTiming", "only on a terminal", { since: "9.5" }),
  set("PermitLocalCommand", "a command would print into the data of rsync and editors"),
  policy("PermitRemoteOpen", "what the server may reach through you", { since: "8.5" }),
  set("RemoteCommand", "another command would replace that of scp, rsync and editors", {
    since: "7.6",
  }),
  policy("RemoteForward", "the ports that you forward"),
  set("RequestTTY", "a terminal would change the data of rsync and editors"),
  policy("SendEnv", "the variables that you send; the server ignores most"),
  set("SessionType", "a session runs the command of the caller", { since: "8.7" }),
  policy("SetEnv", "the variables that you send; the server ignores most", { since: "7.8" }),
  set("StdinNull", "yes would hide the input of scp, rsync and editors", { since: "8.7" }),
  harmless("StreamLocalBindMask", "only for forwarded sockets"),
  harmless("StreamLocalBindUnlink", "only for forwarded sockets"),
  harmless("SyslogFacility", "only where ssh logs"),
  set("Tunnel", "the server has no network tunnels"),
  harmless("TunnelDevice", "not used with Tunnel no"),
  harmless("XAuthLocation", "only for X11"),
];

const STRUCTURE: readonly SshOption[] = [
  harmless("Host", "begins a block; the first value of an option counts, and ours are first"),
  set("IgnoreUnknown", "versions differ: an option that yours lacks does not break our hosts"),
  harmless("Include", "reads another file, whose values come after ours"),
  harmless("Match", "as Host"),
  harmless("Tag", "selects Match blocks, whose values come after ours", { since: "9.4" }),
];

export const SSH_OPTIONS: readonly SshOption[] = [
  ...ROUTE,
  ...HOST_KEYS,
  ...ENCRYPTION,
  ...AUTHENTICATION,
  ...SESSION,
  ...STRUCTURE,
];

/** The sections of docs/ssh-options.md. */
export const SSH_OPTION_GROUPS: Readonly<Record<string, readonly SshOption[]>> = {
  Route: ROUTE,
  "Host keys": HOST_KEYS,
  Encryption: ENCRYPTION,
  Authentication: AUTHENTICATION,
  Session: SESSION,
  "Structure of the file": STRUCTURE,
};

type More = Pick<SshOption, "since" | "aliases">;

function set(name: string, reason: string, more: More = {}): SshOption {
  return { name, role: "set", reason, ...more };
}

function policy(name: string, reason: string, more: More = {}): SshOption {
  return { name, role: "policy", reason, ...more };
}

function harmless(name: string, reason: string, more: More = {}): SshOption {
  return { name, role: "harmless", reason, ...more };
}
