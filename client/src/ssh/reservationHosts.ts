import { TERMINAL } from "@gpu-dev/shared/states.ts";
import type { ApiClient } from "../http/apiClient.ts";
import { ApiError } from "../http/apiErrors.ts";
import type { Reservation } from "../http/responses.ts";
import type { Credential } from "../signIn/credential.ts";
import type { WriteTarget } from "./atomicWrite.ts";
import { type HostFiles, openHostFiles } from "./hostFiles.ts";
import { hostNameFor, hostNames } from "./hostNames.ts";
import type { HostState, LiveHost } from "./hostState.ts";
import { identityFileFor } from "./keys.ts";
import type { EndedHost } from "./syncHosts.ts";

/** The settings with which a client maintains the generated SSH files for one server. */
export interface Deployment extends WriteTarget {
  /** The server's URL. */
  readonly server: string;
  readonly paths: { readonly ownDir: string };
  /** The program and its first arguments that ssh runs for the host of an ended reservation. */
  readonly explainCommand: readonly string[];
  readonly now: () => Date;
  /**
   * The user whose hosts have short names; by default the user who syncs. The names then stay the
   * same when several users of one machine take turns.
   */
  readonly shortNameOwner?: () => Promise<string | undefined>;
  /** Called when our own key pair was missing or damaged, and a new one is registered. */
  readonly onNewKey?: () => void;
}

/** The generated SSH files. `identityFile` is needed only to write them. */
export function hostFilesOf(deployment: Deployment, identityFile = ""): HostFiles {
  const { fs, platform, server, paths, explainCommand, now } = deployment;
  return openHostFiles({
    fs,
    platform,
    ownDir: paths.ownDir,
    server: new URL(server).host,
    identityFile,
    explainCommand,
    now,
  });
}

/** Updates the generated SSH files of a deployment for its signed-in user. */
export async function syncDeploymentHosts(
  deployment: Deployment,
  client: Pick<ApiClient, "call">,
  { user, identity }: Pick<Credential, "user" | "identity">,
  listed: readonly Reservation[],
): Promise<HostState> {
  const { platform, paths } = deployment;
  const onCreate = async (publicKey: string) => {
    await client.call("addKey", { body: { publicKey } });
    deployment.onNewKey?.();
  };
  const options = { platform, ownDir: paths.ownDir, onCreate };
  const identityFile = await identityFileFor(options, identity);
  const files = hostFilesOf(deployment, identityFile);
  const shortNameOwner = (await deployment.shortNameOwner?.()) ?? user;
  return syncReservationHosts({ client, files, me: user, shortNameOwner, identityFile }, listed);
}

export interface ReservationHostsOptions {
  readonly client: Pick<ApiClient, "call">;
  readonly files: Pick<HostFiles, "read" | "sync">;
  /** The name of the signed-in user. */
  readonly me: string;
  /** By default the signed-in user. */
  readonly shortNameOwner?: string;
  /** The private key of the signed-in user, for the hosts of this user. */
  readonly identityFile?: string;
}

/**
 * Updates the generated SSH files from a current list of the user's live reservations. A host that
 * is missing from the list is removed only when the server confirms that its reservation has ended.
 */
export async function syncReservationHosts(
  options: ReservationHostsOptions,
  listed: readonly Reservation[],
): Promise<HostState> {
  const { client, files, me, shortNameOwner = me } = options;
  const known = await files.read();
  const listedIds = new Set<string>(listed.map((reservation) => reservation.id));
  const missing = known.live.filter((host) => host.owner === me && !listedIds.has(host.id));
  const ended = [
    ...listed.filter((reservation) => TERMINAL.includes(reservation.state)).map(endedHostOf),
    ...(await Promise.all(missing.map((host) => readEnd(client, host.id)))).flat(),
  ];
  const ready = listed.filter((reservation) => reservation.state === "ready");
  const live = (
    await Promise.all(ready.map((reservation) => liveHostOf(options, known, reservation)))
  ).flat();
  return files.sync({ me: shortNameOwner, live, ended });
}

export function sshHostName(state: HostState, reservation: Reservation, user: string): string {
  const { id, name, owner } = reservation;
  const entry = [...state.live, ...state.tombstones].find((host) => host.id === id);
  const written = entry === undefined ? undefined : hostNames(state).get(entry);
  if (written !== undefined) return written;
  return hostNameFor(state.prefix, { name, owner: owner.name, own: owner.name === user });
}

type Client = ReservationHostsOptions["client"];

async function readEnd(client: Client, id: LiveHost["id"]): Promise<EndedHost[]> {
  try {
    const reservation = await client.call("getReservation", {
      params: { reservationId: id },
    });
    return TERMINAL.includes(reservation.state) ? [endedHostOf(reservation)] : [];
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== "not_found") return [];
    return [{ id, endedAt: undefined, endReason: undefined, endDetail: undefined }];
  }
}

function endedHostOf(reservation: Reservation): EndedHost {
  const { id, endedAt, endReason, endDetail } = reservation;
  return { id, endedAt, endReason, endDetail };
}

async function liveHostOf(
  { client, identityFile }: ReservationHostsOptions,
  known: HostState,
  reservation: Reservation,
): Promise<LiveHost[]> {
  const { id, generation, expiresAt } = reservation;
  const current = {
    ...(identityFile === undefined ? {} : { identityFile }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
  };
  const unchanged = known.live.find((host) => host.id === id && host.generation === generation);
  if (unchanged !== undefined) return [{ ...unchanged, ...current }];
  try {
    const { owner, host, port, user, hostKeys, workspacePath, name } = await client.call(
      "getReservationConnection",
      { params: { reservationId: id } },
    );
    const address = { host, port, user, hostKeys, workspacePath };
    return [{ id, generation, name, owner, own: true, ...address, ...current }];
  } catch (error) {
    // It ended after the list was read; the next synchronisation records the end.
    if (error instanceof ApiError && error.status < 500 && error.status !== 401) return [];
    throw error;
  }
}
