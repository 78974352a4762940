import { ApiError, ConnectionError } from "@gpu-dev/client/http/apiErrors.ts";
import type { HostState } from "@gpu-dev/client/ssh/hostState.ts";
import {
  type Deployment,
  hostFilesOf,
  syncDeploymentHosts,
} from "@gpu-dev/client/ssh/reservationHosts.ts";
import type { ClientPaths } from "@gpu-dev/client/paths.ts";
import type { SshFileSystem } from "@gpu-dev/client/ssh/fileSystem.ts";
import type { Account } from "../account/account.ts";
import type { Live } from "../live/live.ts";
import { explainCommandFor, installExplain } from "./explainCommand.ts";
import { createKnownHosts, type KnownHosts } from "./knownHosts.ts";
import { oneAtATime } from "./oneAtATime.ts";

export interface HostSyncOptions {
  readonly account: Pick<Account, "server" | "state">;
  readonly live: Pick<Live, "state" | "onDidChange">;
  readonly fs: SshFileSystem;
  readonly platform: NodeJS.Platform;
  readonly paths: ClientPaths;
  readonly execPath: string;
  /** The bundle of explainEntry.ts inside the extension's folder. */
  readonly explainBundle: string;
  readonly now: () => Date;
  readonly log: { warn(message: string): void };
  /** Shows a failure to the user; called once for each, however often it comes again. */
  readonly showFailure: (error: unknown) => void;
}

export interface HostSync {
  /** Our own file for ssh, which the Include line names. */
  readonly index: string;
  readonly hosts: KnownHosts;
  /** What is on disk as it is, from whoever wrote it last. */
  read(): Promise<HostState>;
  /** Syncs now and answers with what is on disk. Throws with a sentence for people. */
  syncNow(): Promise<HostState>;
  dispose(): void;
}

/**
 * Keeps our generated ssh hosts in step with the reservations, for as long as somebody is signed in. The user's own
 * ssh config is no business of it. Any number of windows and command lines may do the same at the same time.
 */
export function createHostSync(options: HostSyncOptions): HostSync {
  const files = hostFilesOf(deploymentOf(options));
  const install = once(() => installExplain(options, options, options.explainBundle));
  const tell = tellOnce(options);
  const hosts = createKnownHosts();
  const noted = (state: HostState): HostState => {
    hosts.note(state);
    return state;
  };
  const read = async () => noted(await files.read());
  const syncNow = oneAtATime(async () => {
    // Without it a host that is over can't say so: worth telling, no reason to leave hosts out.
    await install().catch(tell);
    return noted(await syncOnce(options));
  });
  const follow = (): void => {
    if (options.account.state.kind !== "signedIn" || options.live.state.reservations === null)
      return;
    syncNow().catch(tell);
  };
  const subscription = options.live.onDidChange(({ reservations }) => {
    if (reservations === "all" || reservations.length > 0) follow();
  });
  follow();
  // A file that can't be read is told by the first synchronisation.
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

async function syncOnce(options: HostSyncOptions): Promise<HostState> {
  const { account, live } = options;
  if (account.state.kind !== "signedIn") {
    throw new Error('You are not signed in. Run "GPU Dev: Sign In" first.');
  }
  const { client, who } = account.state;
  const reservations = live.state.reservations ?? [];
  return await syncDeploymentHosts(deploymentOf(options), client, who, reservations);
}

function deploymentOf(options: HostSyncOptions): Deployment {
  const { fs, platform, account, paths, now } = options;
  const { server } = account;
  return { fs, platform, server, paths, explainCommand: explainCommandFor(options), now };
}

/** A server that is away is on show in the views already; what is wrong with files is told, but once in a window. */
function tellOnce({ account, log, showFailure }: HostSyncOptions): (error: unknown) => void {
  const told = new Set<string>();
  return (error) => {
    const text = error instanceof Error ? error.message : String(error);
    if (account.state.kind !== "signedIn") return;
    log.warn(`The ssh hosts could not be brought up to date: ${text}`);
    if (error instanceof ConnectionError || error instanceof ApiError || told.has(text)) return;
    told.add(text);
    showFailure(error);
  };
}

/** Runs until it has worked once; a failure is tried again by the next call. */
function once(work: () => Promise<void>): () => Promise<void> {
  let done = false;
  return async () => {
    if (done) return;
    await work();
    done = true;
  };
}
