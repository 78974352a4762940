import { existsSync, realpathSync } from "node:fs";
import type { Reservation } from "@gpu-dev/shared/api/reservation.ts";
import { ApiError } from "@gpu-dev/shared/client/apiErrors.ts";
import { hostNameFor } from "@gpu-dev/shared/ssh/hostNames.ts";
import { openHostFiles, PROBE_ADDRESS, PROBE_HOST } from "@gpu-dev/shared/ssh/hostFiles.ts";
import type { HostFiles } from "@gpu-dev/shared/ssh/hostFiles.ts";
import type { HostState, LiveHost } from "@gpu-dev/shared/ssh/hostState.ts";
import { realFileSystem } from "@gpu-dev/shared/ssh/sshFileSystem.ts";
import type { OverHost } from "@gpu-dev/shared/ssh/syncHosts.ts";
import { readInclude, type UserConfig } from "@gpu-dev/shared/ssh/userConfig.ts";
import { verifyHost } from "@gpu-dev/shared/ssh/verifyHosts.ts";
import { TERMINAL } from "@gpu-dev/shared/states.ts";
import type { Credential } from "./settings.ts";
import type { Session } from "./session.ts";
import { ensureOwnKey } from "./sshKeys.ts";

export function userConfigOf(session: Session): UserConfig {
  return {
    fs: realFileSystem,
    platform: session.platform,
    path: session.paths.userSshConfig,
    includePath: hostFilesOf(session, "").paths.index,
  };
}

export function hostFilesOf(session: Session, identityFile: string): HostFiles {
  return openHostFiles({
    fs: realFileSystem,
    platform: session.platform,
    ownDir: session.paths.ownDir,
    server: new URL(session.server).host,
    identityFile,
    explainCommand: [process.execPath, ownScript()],
    now: session.now,
  });
}

export async function identityFor(session: Session, credential: Credential): Promise<string> {
  return credential.identity ?? (await ensureOwnKey(session.paths, session.platform));
}

/**
 * Brings our ssh files up to date with a fresh list of the user's live reservations. Hosts that the list no
 * longer has are asked for one by one: only an answer that they are over takes them away.
 */
export async function syncSshHosts(
  session: Session,
  credential: Credential,
  listed: readonly Reservation[],
): Promise<HostState> {
  const files = hostFilesOf(session, await identityFor(session, credential));
  const known = await files.read();
  const listedIds = new Set<string>(listed.map((reservation) => reservation.id));
  const missing = known.live.filter(
    (host) => host.owner === credential.user && !listedIds.has(host.id),
  );
  const over = [
    ...listed.filter((reservation) => TERMINAL.includes(reservation.state)).map(overOf),
    ...(await Promise.all(missing.map((host) => lookUpEnd(session, host.id)))).flat(),
  ];
  const ready = listed.filter((reservation) => reservation.state === "ready");
  const live = (
    await Promise.all(ready.map((reservation) => liveHostOf(session, known, reservation)))
  ).flat();
  return await files.sync({ me: credential.user, live, over });
}

export function sshHostName(state: HostState, reservation: Reservation, user: string): string {
  const { name, owner } = reservation;
  return hostNameFor(state.prefix, { name, owner: owner.name, own: owner.name === user });
}

/** The words to type before the host: plain `ssh` where the Include line works, else with -F. */
export async function sshOptions(session: Session): Promise<string[]> {
  const include = await readInclude(userConfigOf(session)).catch(() => null);
  const enabled =
    include !== null &&
    ((include.kind === "present" && include.place === "first") ||
      (include.kind === "absent" && include.byHand));
  if (enabled && session.sshReadsHome) return [];
  return ["-F", hostFilesOf(session, "").paths.index];
}

/** Null when ssh finds our hosts by itself; else what is in the way, as a sentence. */
export async function whyIncludeFails(session: Session): Promise<string | null> {
  const configFile = session.sshReadsHome ? undefined : session.paths.userSshConfig;
  try {
    const wanted = { hostname: PROBE_ADDRESS };
    const differences = await verifyHost({ ssh: "ssh", configFile }, PROBE_HOST, wanted);
    return differences.length === 0
      ? null
      : `ssh does not read our hosts through ${session.paths.userSshConfig}.`;
  } catch (error) {
    return error instanceof Error ? `${error.message}.` : String(error);
  }
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

async function lookUpEnd(session: Session, id: LiveHost["id"]): Promise<OverHost[]> {
  try {
    const reservation = await session.client.call("getReservation", {
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
  session: Session,
  known: HostState,
  reservation: Reservation,
): Promise<LiveHost[]> {
  const { id, generation } = reservation;
  const same = known.live.find((host) => host.id === id && host.generation === generation);
  if (same !== undefined) return [same];
  try {
    const { owner, host, port, user, hostKeys, workspacePath, name } = await session.client.call(
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

/** The script that a tombstone calls: the bundle where there is one, because it starts on any newer Node. */
function ownScript(): string {
  const running = realpathSync(process.argv[1] ?? "gpu-dev");
  const bundle = running.replace(/bin([/\\])gpu-dev\.js$/, "dist$1gpu-dev.js");
  return existsSync(bundle) ? bundle : running;
}
