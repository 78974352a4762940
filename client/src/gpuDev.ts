/** The library for scripts; docs/scripting.md explains it with an example. */
import { homedir } from "node:os";
import type { CreateReservation } from "@gpu-dev/shared/api/reservation.ts";
import { LIVE, TERMINAL } from "@gpu-dev/shared/states.ts";
import { asSentence } from "@gpu-dev/shared/text.ts";
import type { Reservation } from "./http/responses.ts";
import { systemClock } from "./clock.ts";
import { type ApiClient, createApiClient } from "./http/apiClient.ts";
import { clientPaths } from "./paths.ts";
import { followReservation, listReservations } from "./reservations.ts";
import type { Credential } from "./signIn/credential.ts";
import { renewStored } from "./signIn/renewStored.ts";
import { storedCredential, userOf } from "./signIn/storedCredentials.ts";
import { DEFAULT_SERVER, serverOrigin, SignInError } from "./signIn/server.ts";
import { realFileSystem } from "./ssh/fileSystem.ts";
import { identityFileFor, registerKeys } from "./ssh/keys.ts";
import {
  copyFromHost,
  copyToHost,
  type RemoteHost,
  runOnHost,
  type RunOptions,
  type RunResult,
} from "./ssh/remote.ts";
import {
  type Deployment,
  hostFilesOf,
  sshHostName,
  syncDeploymentHosts,
} from "./ssh/reservationHosts.ts";
import { openStoredFiles, type StoredFiles } from "./storedFiles.ts";
import { progressText } from "./text/reservationText.ts";

export { ApiError, ConnectionError, UnexpectedResponse } from "./http/apiErrors.ts";
export { SignInError } from "./signIn/server.ts";
export type { ApiClient } from "./http/apiClient.ts";
export type { RunOptions, RunResult } from "./ssh/remote.ts";
export type { CreateReservation } from "@gpu-dev/shared/api/reservation.ts";
export type { Reservation } from "./http/responses.ts";

export interface ConnectOptions {
  /** Defaults to GPU_DEV_SERVER, then to the server of `gpu-dev setup`. */
  readonly server?: string | undefined;
  /** One of the signed-in users; defaults to GPU_DEV_USER, then to the last user who signed in. */
  readonly user?: string | undefined;
  /**
   * A token of the API. Without it, the credential that `gpu-dev login` stored is used, and
   * renewed.
   */
  readonly token?: string | undefined;
  /**
   * A private key file; by default the one of the stored credential, otherwise our own key pair.
   */
  readonly identity?: string | undefined;
  /** The command that ssh runs for the host of an ended reservation. */
  readonly explainCommand?: readonly string[] | undefined;
}

export interface GpuDev {
  readonly server: string;
  readonly user: string;
  /** All API routes, for operations that this library does not wrap. */
  readonly api: ApiClient;
  /** Creates a reservation; it exists, queued, when this resolves. */
  reserve(request: CreateReservation): Promise<ReservationHandle>;
  /** Your live reservation with this name. */
  find(name: string): Promise<ReservationHandle | undefined>;
  /** Your live reservations. */
  list(): Promise<ReservationHandle[]>;
}

export interface WaitOptions {
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number | undefined;
  /** Called with each state that is read, and its description for users. */
  readonly onProgress?: ((text: string, reservation: Reservation) => void) | undefined;
}

export interface ReservationHandle {
  /** As it was last read. */
  readonly current: Reservation;
  refresh(): Promise<Reservation>;
  /**
   * Rejects with ReservationNotReady if it ends first, with the signal's reason after an abort or
   * timeout.
   */
  waitUntilReady(options?: WaitOptions): Promise<Reservation>;
  /** The arguments for ssh: ["-F", FILE, HOST]. The reservation must be ready. */
  sshArguments(): Promise<readonly string[]>;
  /** Runs a program with arguments (an array), or a command line of the remote shell (a string). */
  run(command: string | readonly string[], options?: RunOptions): Promise<RunResult>;
  /** Copies a file or folder; relative remote paths start in the workspace. */
  copyTo(localPath: string, remotePath: string, options?: RunOptions): Promise<void>;
  copyFrom(remotePath: string, localPath: string, options?: RunOptions): Promise<void>;
  extend(seconds: number): Promise<Reservation>;
  /** Ends the reservation. With `wait`, resolves when it has ended. */
  cancel(options?: { readonly wait?: boolean }): Promise<Reservation>;
}

/** The reservation ended before it was ready, or is not ready for the requested operation. */
export class ReservationNotReady extends Error {
  override readonly name = "ReservationNotReady";
  readonly reservation: Reservation;

  constructor(reservation: Reservation) {
    const { name, state } = reservation;
    const next = LIVE.includes(state) ? "Wait until it is ready." : "Reserve again.";
    super(`${name} is not ready: ${asSentence(progressText(reservation))} ${next}`);
    this.reservation = reservation;
  }
}

/** Connects to a server as the user of the given token or of the stored credential. */
export async function connect(options: ConnectOptions = {}): Promise<GpuDev> {
  const { platform } = process;
  const paths = clientPaths({ platform, home: homedir(), env: process.env });
  const stored = openStoredFiles(paths);
  const server = await serverOf(options.server ?? process.env["GPU_DEV_SERVER"], stored);
  const { credentials } = stored;
  let credential = await credentialFor(options, server, stored);
  const token = () => options.token ?? credential?.token;
  if (token() === undefined) {
    throw new SignInError(
      `You are not signed in to ${server}. Run "gpu-dev login", or pass a token.`,
    );
  }
  const renew = async () => {
    if (credential === undefined) return false;
    credential = await renewStored(server, credentials, credential);
    return credential !== undefined;
  };
  const api = createApiClient({ baseUrl: server, token, renew, userAgent: "gpu-dev-script" });
  const { name: user } = await api.call("getMe");
  const identity = options.identity ?? credential?.identity;
  if (options.token !== undefined) {
    const identityFile = await identityFileFor({ platform, ownDir: paths.ownDir }, identity);
    await registerKeys(api, { userSshDir: paths.userSshDir, identityFile });
  }
  const deployment: Deployment = {
    fs: realFileSystem,
    platform,
    server,
    paths,
    explainCommand: options.explainCommand ?? ["gpu-dev"],
    now: systemClock.now,
    shortNameOwner: async () => storedCredential(await credentials.read(), server)?.user,
  };
  const handle = (reservation: Reservation) =>
    createHandle({ api, deployment, me: { user, identity } }, reservation);
  return {
    server,
    user,
    api,
    reserve: async (request) => handle(await api.call("createReservation", { body: request })),
    find: async (name) => {
      const [found] = await listReservations(api, "live", { name });
      return found === undefined ? undefined : handle(found);
    },
    list: async () => (await listReservations(api, "live")).map(handle),
  };
}

/** Undefined with a token: the script is then the token's user. */
async function credentialFor(
  { token, user }: ConnectOptions,
  server: string,
  { credentials }: StoredFiles,
): Promise<Credential | undefined> {
  if (token !== undefined) return undefined;
  return storedCredential(await credentials.read(), server, user ?? userOf(process.env));
}

async function serverOf(server: string | undefined, stored: StoredFiles): Promise<string> {
  const url = server ?? (await stored.settings.read()).server;
  const origin = serverOrigin(url ?? DEFAULT_SERVER);
  if (origin === undefined) throw new Error(`"${String(url)}" is not a valid server URL.`);
  return origin;
}

interface HandleContext {
  readonly api: ApiClient;
  readonly deployment: Deployment;
  readonly me: Pick<Credential, "user" | "identity">;
}

function createHandle(context: HandleContext, created: Reservation): ReservationHandle {
  const { api } = context;
  const params = { reservationId: created.id };
  let current = created;
  const refresh = async () => (current = await api.call("getReservation", { params }));
  const host = async () => hostOf(context, current.state === "ready" ? current : await refresh());
  return {
    get current() {
      return current;
    },
    refresh,
    waitUntilReady: async (options = {}) => {
      current = await waitUntil(api, current, isSettled, options);
      if (current.state !== "ready") throw new ReservationNotReady(current);
      return current;
    },
    sshArguments: async () => {
      const { configFile, hostName } = await host();
      return ["-F", configFile, hostName];
    },
    run: async (command, options) => runOnHost(await host(), command, options),
    copyTo: async (localPath, remotePath, options) => {
      await copyToHost(await host(), localPath, remotePath, options);
    },
    copyFrom: async (remotePath, localPath, options) => {
      await copyFromHost(await host(), remotePath, localPath, options);
    },
    extend: async (seconds) =>
      (current = await api.call("extendReservation", { params, body: { seconds } })),
    cancel: async ({ wait = false } = {}) => {
      current = await api.call("cancelReservation", { params });
      if (wait) current = await waitUntil(api, current, hasEnded, {});
      return current;
    },
  };
}

/** A stopping reservation has no end reason yet, so it is followed to its end. */
function isSettled({ state }: Reservation): boolean {
  return state === "ready" || TERMINAL.includes(state);
}

function hasEnded({ state }: Reservation): boolean {
  return TERMINAL.includes(state);
}

async function waitUntil(
  client: ApiClient,
  reservation: Reservation,
  isDone: (reservation: Reservation) => boolean,
  { signal, timeoutMs, onProgress }: WaitOptions,
): Promise<Reservation> {
  const timeout = timeoutMs === undefined ? undefined : AbortSignal.timeout(timeoutMs);
  const stop = AbortSignal.any([signal, timeout].filter((each) => each !== undefined));
  let shown = "";
  const last = await followReservation({
    client,
    reservation,
    isDone,
    signal: stop,
    onProgress: (current) => {
      const text = progressText(current);
      if (text === shown) return;
      shown = text;
      onProgress?.(text, current);
    },
  });
  if (!isDone(last)) stop.throwIfAborted();
  return last;
}

/** Updates the generated SSH files, and returns the host of a ready reservation. */
async function hostOf(context: HandleContext, reservation: Reservation): Promise<RemoteHost> {
  const { api, deployment, me } = context;
  const state = await syncDeploymentHosts(deployment, api, me, [reservation]);
  const entry = state.live.find((live) => live.id === reservation.id);
  if (reservation.state !== "ready" || entry === undefined) {
    throw new ReservationNotReady(reservation);
  }
  return {
    configFile: hostFilesOf(deployment).paths.index,
    hostName: sshHostName(state, reservation, me.user),
    workspacePath: entry.workspacePath,
  };
}
