import type { ClientPaths } from "@gpu-dev/client/paths.ts";
import { ApiError, ConnectionError } from "@gpu-dev/client/http/apiErrors.ts";
import type { SshFileSystem } from "@gpu-dev/client/ssh/fileSystem.ts";
import type { HostState } from "@gpu-dev/client/ssh/hostState.ts";
import {
  type Deployment,
  hostFilesOf,
  syncDeploymentHosts,
} from "@gpu-dev/client/ssh/reservationHosts.ts";
import type { Account } from "../account/account.ts";
import { createEmitter, type Disposable } from "../core/emitter.ts";
import { asError } from "../core/errors.ts";
import type { Live } from "../live/live.ts";
import { explainCommandFor, installExplain } from "./commandLines.ts";

export interface HostSyncOptions {
  readonly account: Pick<Account, "server" | "state">;
  readonly live: Pick<Live, "state" | "onDidChange">;
  readonly fs: SshFileSystem;
  readonly platform: NodeJS.Platform;
  readonly paths: ClientPaths;
  readonly execPath: string;
  /** The bundle of explainEntry.ts in the extension's folder. */
  readonly explainBundle: string;
  readonly now: () => Date;
  readonly log: { warn(message: string): void };
  /** Shows an error to the user; called once per message. */
  readonly showFailure: (error: unknown) => void;
}

export interface HostSync extends Disposable {
  /** Our own SSH config file, which the Include line names. */
  readonly index: string;
  readonly hosts: KnownHosts;
  /** The state on disk, whichever process wrote it last. */
  read(): Promise<HostState>;
  /** Syncs now and returns the state on disk. Throws a user-facing error. */
  syncNow(): Promise<HostState>;
}

/** The SSH hosts on disk, as far as this window knows them. */
export interface KnownHosts {
  /** The prefix of the host names of this deployment. */
  prefix(): string;
  readonly onDidChange: (listener: () => void) => Disposable;
}

/**
 * Keeps the generated SSH hosts in sync with the reservations while a user is signed in. It never
 * changes the user's own SSH config. Any number of windows and command lines may sync at the same
 * time.
 */
export function createHostSync(options: HostSyncOptions): HostSync {
  const { account, live } = options;
  const files = hostFilesOf(deploymentOf(options));
  const install = untilSuccess(() => installExplain(options, options, options.explainBundle));
  const showOnce = createShowOnce(options);
  const hosts = createKnownHosts();
  const update = (state: HostState): HostState => {
    hosts.update(state);
    return state;
  };
  const read = async () => update(await files.read());
  const syncNow = coalesceCalls(async () => {
    // Without the program, ended hosts cannot explain themselves; live hosts still work.
    await install().catch(showOnce);
    return update(await syncHosts(options));
  });
  const follow = (): void => {
    if (account.state.kind !== "signedIn" || live.state.reservations === undefined) return;
    syncNow().catch(showOnce);
  };
  const subscription = live.onDidChange(({ reservations }) => {
    if (reservations === "all" || reservations.length > 0) follow();
  });
  follow();
  // The first sync reports a file that cannot be read.
  read().catch(() => undefined);
  return {
    index: files.paths.index,
    hosts,
    read,
    syncNow,
    dispose: () => {
      subscription.dispose();
    },
  };
}

/**
 * Never runs `work` twice at the same time. A call during a run gets the next run, which all such
 * calls share. Unlike with `createCoalescer`, each caller receives the result or the error of a run
 * that started after its call.
 */
export function coalesceCalls<T>(work: () => Promise<T>): () => Promise<T> {
  let current: Promise<T> | undefined;
  let next: Promise<T> | undefined;
  const start = (): Promise<T> => {
    next = undefined;
    const run = work();
    current = run;
    const clear = () => {
      if (current === run) current = undefined;
    };
    run.then(clear, clear);
    return run;
  };
  return () => {
    if (current === undefined) return start();
    next ??= current.then(start, start);
    return next;
  };
}

function createKnownHosts(): KnownHosts & { update(state: HostState): void } {
  const changes = createEmitter<undefined>();
  let prefix = "gpu-dev";
  return {
    prefix: () => prefix,
    onDidChange: (listener) => changes.on(listener),
    update: (state) => {
      if (state.prefix === prefix) return;
      prefix = state.prefix;
      changes.fire(undefined);
    },
  };
}

async function syncHosts(options: HostSyncOptions): Promise<HostState> {
  const { account, live } = options;
  if (account.state.kind !== "signedIn") {
    throw new Error('You are not signed in. Run "GPU Dev: Sign In" first.');
  }
  const { client, profile } = account.state;
  const reservations = live.state.reservations ?? [];
  return syncDeploymentHosts(deploymentOf(options), client, profile, reservations);
}

function deploymentOf(options: HostSyncOptions): Deployment {
  const { fs, platform, account, paths, now } = options;
  const { server } = account;
  return { fs, platform, server, paths, explainCommand: explainCommandFor(options), now };
}

/**
 * Shows each problem of the files once per window. The views already show an unavailable server.
 */
function createShowOnce({ account, log, showFailure }: HostSyncOptions): (error: unknown) => void {
  const shown = new Set<string>();
  return (error) => {
    const { message } = asError(error);
    if (account.state.kind !== "signedIn") return;
    log.warn(`The SSH hosts could not be updated: ${message}`);
    if (error instanceof ConnectionError || error instanceof ApiError || shown.has(message)) return;
    shown.add(message);
    showFailure(error);
  };
}

/** Runs `work` until it has succeeded once: a failure is retried by the next call. */
function untilSuccess(work: () => Promise<void>): () => Promise<void> {
  let isDone = false;
  return async () => {
    if (isDone) return;
    await work();
    isDone = true;
  };
}
