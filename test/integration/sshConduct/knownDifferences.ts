import type { ServerName } from "./serverUnderTest.ts";

/** A case in which a server does not keep the contract yet. docs/pod-contract.md lists the same. */
export interface KnownDifference {
  readonly server: ServerName;
  /** The name of the case. */
  readonly case: string;
  /** What is observed instead of the case's expected value. */
  readonly observed: unknown;
  readonly reason: string;
}

/** ssh2 identifies itself as another server than OpenSSH, so OpenSSH's client sends it no `eow`. */
const NO_EARLY_END = "the client sends its early end of output only to servers named OpenSSH";
const BLOCKING_OPEN = "files are opened without a check that they are regular";
const NO_REASON = "connections are closed without a disconnect message that has a text";
const SSH2_ALGORITHMS = "the server uses the default algorithms of ssh2";

export const KNOWN_DIFFERENCES: readonly KnownDifference[] = [
  {
    server: "dev-cluster",
    case: "U10: exec: the client's early end of output ends the program",
    observed: { code: "timed out", stdout: "y\n", stderr: "", running: false },
    reason: NO_EARLY_END,
  },
  {
    server: "dev-cluster",
    case: "U10: terminal: the client's early end of output ends the program",
    observed: { code: "timed out", running: false },
    reason: NO_EARLY_END,
  },
  {
    server: "dev-cluster",
    case: "U14: exec: a command over 128 KiB is refused with a reason",
    observed: { code: 255, reason: false, alive: true },
    reason: "the failure to start the shell ends the connection",
  },
  {
    server: "dev-cluster",
    case: "environment: a client sets LANG and LC_*, and no other variable",
    observed: "C.UTF-8 C.UTF-8 x UTC -\n",
    reason: "COLORTERM and TZ are accepted too",
  },
  {
    server: "dev-cluster",
    case: "terminal: the greeting names the reservation, its GPUs, its end and its files",
    observed: "demo: 2 x H100 (simulated). Your files: WORKSPACE",
    reason: "the greeting names the simulated model and does not read `expires_at`",
  },
  {
    server: "dev-cluster",
    case: "terminal: the client's modes are applied",
    observed: { erase: "^?", echo: "echoctl" },
    reason: "modes are applied with stty, which rejects all of them if it does not know one",
  },
  {
    server: "dev-cluster",
    case: "sftp: rename replaces an existing file",
    observed: { code: 1, content: "old" },
    reason: "ssh2 announces no sftp extensions, so the client does not ask for a POSIX rename",
  },
  {
    server: "dev-cluster",
    case: "sftp: hard links",
    observed: { code: 1, links: 1 },
    reason: "the sftp extension for hard links is not implemented",
  },
  {
    server: "dev-cluster",
    case: "sftp: df shows the free space",
    observed: { code: 1, shown: false },
    reason: "the sftp extension for file system statistics is not implemented",
  },
  {
    server: "dev-cluster",
    case: "U13: sftp: a file that is not regular is refused",
    observed: { code: "timed out", reason: false },
    reason: BLOCKING_OPEN,
  },
  {
    server: "dev-cluster",
    case: "U13: sftp: opening FIFOs does not block later logins",
    observed: { code: "timed out" },
    reason: "each blocked open occupies one of the four threads that Node has for files",
  },
  {
    server: "dev-cluster",
    case: "-W: a refused connection is reported with its reason",
    observed: { code: 255, message: "connect failed", reason: false },
    reason: "ssh2 sends no text with a refused channel",
  },
  {
    server: "dev-cluster",
    case: "-R: listens on both loopback addresses",
    observed: { ipv4: "from the port", ipv6: "refused" },
    reason: "the server listens on 127.0.0.1 only",
  },
  {
    server: "dev-cluster",
    case: "-R: a UNIX socket is private, and removed with the client",
    observed: { mode: 0o755, text: "from the port", removed: true },
    reason: "the mode of the socket is left to the umask",
  },
  {
    server: "dev-cluster",
    case: "U12: -R: a socket replaced by a directory does no harm",
    observed: { alive: false, login: 255 },
    reason: "an exception while the socket is removed ends the server",
  },
  {
    server: "dev-cluster",
    case: "-A: programs use the client's agent",
    observed: false,
    reason: "agent forwarding is not implemented",
  },
  {
    server: "dev-cluster",
    case: "login: ECDSA and RSA keys work, RSA with SHA-1 is refused",
    observed: { ecdsa: 0, rsa: 0, sha1: 0 },
    reason: "signatures of RSA keys with SHA-1 are accepted",
  },
  {
    server: "dev-cluster",
    case: "login: sk- keys are accepted",
    observed: false,
    reason: "ssh2 cannot parse these keys",
  },
  {
    server: "dev-cluster",
    case: "U11: algorithms: no SHA-1 and no group exchange; a post-quantum key exchange",
    observed: {
      sha1: ["hmac-sha1-etm@openssh.com", "hmac-sha1"],
      groupExchange: ["diffie-hellman-group-exchange-sha256"],
      postQuantum: false,
      strict: true,
    },
    reason: SSH2_ALGORITHMS,
  },
  {
    server: "dev-cluster",
    case: "U11: algorithms: each one that is offered works",
    observed: ["diffie-hellman-group-exchange-sha256"],
    reason: "ssh2 offers a group exchange that it implements only as a client",
  },
  {
    server: "dev-cluster",
    case: "version: the text starts like OpenSSH's, so that its client uses its extensions",
    observed: false,
    reason: "the version text is `SSH-2.0-gpu-dev`",
  },
  {
    server: "dev-cluster",
    case: "U14: a connection that exchanges no keys is closed",
    observed: false,
    reason: "connections without a login have no time limit",
  },
  {
    server: "dev-cluster",
    case: "N5: a removed key is refused at once, and its sessions are closed",
    observed: {
      closed: false,
      login: { code: 255, message: "Permission denied (publickey)." },
    },
    reason: "keys are checked at logins only",
  },
  {
    server: "dev-cluster",
    case: "U51: a session closed for its removed key gets the reason",
    observed: { reason: false },
    reason: "sessions of removed keys are not closed",
  },
  {
    server: "dev-cluster",
    case: "U51: a session closed at the end of the pod gets the reason",
    observed: { closed: true, reason: false },
    reason: NO_REASON,
  },
  {
    server: "ssh-server",
    case: "U13: sftp: a file that is not regular is refused",
    observed: { code: "timed out", reason: false },
    reason: BLOCKING_OPEN,
  },
  {
    server: "ssh-server",
    case: "U51: a session closed for its removed key gets the reason",
    observed: { reason: false },
    reason: NO_REASON,
  },
  {
    server: "ssh-server",
    case: "U51: a session closed at the end of the pod gets the reason",
    observed: { closed: true, reason: false },
    reason: NO_REASON,
  },
];
