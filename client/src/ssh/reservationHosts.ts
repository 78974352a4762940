import type { Reservation } from "@gpu-dev/shared/api/reservation.ts";
import type { ApiClient } from "../http/apiClient.ts";
import { ApiError } from "../http/apiErrors.ts";
import { TERMINAL } from "@gpu-dev/shared/states.ts";
import type { HostFiles } from "./hostFiles.ts";
import { hostNameFor } from "./hostNames.ts";
import type { HostState, LiveHost } from "./hostState.ts";
import type { OverHost } from "./syncHosts.ts";
import { verifyHost } from "./verifyHosts.ts";

export interface ReservationHostsOptions {
  readonly client: Pick<ApiClient, "call">;
  readonly files: Pick<HostFiles, "read" | "sync">;
  /** The name of the signed-in user. */
  readonly me: string;
}

/**
 * Brings our ssh files up to date with a fresh list of the user's live reservations. Hosts that the list no
 * longer has are asked for one by one: only an answer that they are over takes them away.
 */
export async function syncReservationHosts(
  { client, files, me }: ReservationHostsOptions,
  listed: readonly Reservation[],
): Promise<HostState> {
  const known = await files.read();
  const listedIds = new Set<string>(listed.map((reservation) => reservation.id));
  const missing = known.live.filter((host) => host.owner === me && !listedIds.has(host.id));
  const over = [
    ...listed.filter((reservation) => TERMINAL.includes(reservation.state)).map(overOf),
    ...(await Promise.all(missing.map((host) => lookUpEnd(client, host.id)))).flat(),
  ];
  const ready = listed.filter((reservation) => reservation.state === "ready");
  const live = (
    await Promise.all(ready.map((reservation) => liveHostOf(client, known, reservation)))
  ).flat();
  return await files.sync({ me, live, over });
}

export function sshHostName(state: HostState, reservation: Reservation, user: string): string {
  const { name, owner } = reservation;
  return hostNameFor(state.prefix, { name, owner: owner.name, own: owner.name === user });
}

/** Options of a live host where ssh would do something else than what we wrote, as sentences. */
export async function hostDifferences(
  state: HostState,
  host: LiveHost,
  name: string,
  configFile: string | undefined,
): Promise<string[]> {
  const differences = await verifyHost({ ssh: "ssh", configFile }, name, {
    hostname: host.host,
    port: String(host.port),
    user: host.user,
    // ssh -G prints it as it is written, before tokens are expanded.
    identityfile: state.identityFile.replaceAll("%", "%%"),
  });
  return differences.map(
    ({ option, wanted, got }) =>
      `ssh takes ${option} "${got}" for ${name} from another part of your config, not our "${wanted}".`,
  );
}

type Client = ReservationHostsOptions["client"];

async function lookUpEnd(client: Client, id: LiveHost["id"]): Promise<OverHost[]> {
  try {
    const reservation = await client.call("getReservation", {
      params: { reservationId: id },
    });
    return TERMINAL.includes(reservation.state) ? [overOf(reservation)] : [];
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== "not_found") return [];
    return [{ id, endedAt: null, endReason: null, endDetail: null }];
  }
}

function overOf(reservation: Reservation): OverHost {
  const { id, endedAt, endReason, endDetail } = reservation;
  return { id, endedAt, endReason, endDetail };
}

async function liveHostOf(
  client: Client,
  known: HostState,
  reservation: Reservation,
): Promise<LiveHost[]> {
  const { id, generation } = reservation;
  const same = known.live.find((host) => host.id === id && host.generation === generation);
  if (same !== undefined) return [same];
  try {
    const { owner, host, port, user, hostKeys, workspacePath, name } = await client.call(
      "getReservationConnection",
      { params: { reservationId: id } },
    );
    return [{ id, generation, name, owner, own: true, host, port, user, hostKeys, workspacePath }];
  } catch (error) {
    // It ended between the list and this question; the next run learns how.
    if (error instanceof ApiError && error.status < 500 && error.status !== 401) return [];
    throw error;
  }
}
