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

const SHORT_PACKETS =
  "the library accepts no packet over 35,000 bytes, and closes the connection with a reason";

export const KNOWN_DIFFERENCES: readonly KnownDifference[] = [
  {
    server: "dev-cluster",
    case: "exec: a command over 128 KiB is refused with a reason",
    observed: { code: 255, reason: true, alive: true },
    reason: SHORT_PACKETS,
  },
  {
    server: "dev-cluster",
    case: "terminal: a command over 128 KiB is refused with a reason",
    observed: { code: 255, reason: true, alive: true },
    reason: SHORT_PACKETS,
  },
  {
    server: "dev-cluster",
    case: "terminal: the greeting names the reservation, its GPUs and its files",
    observed: "demo: 2 x H100 (simulated). Your files: WORKSPACE",
    reason: "the greeting says that the GPUs are simulated",
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
    case: "-A: programs use the client's agent",
    observed: false,
    reason: "agent forwarding is not implemented",
  },
  {
    server: "dev-cluster",
    case: "login: sk- keys are accepted",
    observed: false,
    reason: "ssh2 cannot parse these keys",
  },
  {
    server: "dev-cluster",
    case: "algorithms: no SHA-1 and no group exchange; a post-quantum key exchange",
    observed: { sha1: [], groupExchange: [], postQuantum: false, strict: true },
    reason: "ssh2 has no post-quantum key exchange; OpenSSH 10.1 and newer print a warning",
  },
];
