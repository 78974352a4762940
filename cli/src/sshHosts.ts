import { existsSync, realpathSync } from "node:fs";
import type { Reservation } from "@gpu-dev/shared/api/reservation.ts";
import { openHostFiles, PROBE_ADDRESS, PROBE_HOST } from "@gpu-dev/client/ssh/hostFiles.ts";
import type { HostFiles } from "@gpu-dev/client/ssh/hostFiles.ts";
import type { HostState } from "@gpu-dev/client/ssh/hostState.ts";
import { realFileSystem } from "@gpu-dev/client/ssh/sshFileSystem.ts";
import { syncReservationHosts } from "@gpu-dev/client/ssh/reservationHosts.ts";
import { readInclude, type UserConfig } from "@gpu-dev/client/ssh/userConfig.ts";
import { verifyHost } from "@gpu-dev/client/ssh/verifyHosts.ts";
import type { Credential } from "@gpu-dev/client/signIn/credential.ts";
import type { Session } from "./session.ts";
import { ensureOwnKey } from "@gpu-dev/client/ssh/ownKey.ts";

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

export function pathOptionsOf({ platform, paths }: Session) {
  return { platform, ownDir: paths.ownDir };
}

export async function identityFor(session: Session, credential: Credential): Promise<string> {
  return credential.identity ?? (await ensureOwnKey(pathOptionsOf(session)));
}

/** Brings our ssh files up to date with a fresh list of the user's live reservations. */
export async function syncSshHosts(
  session: Session,
  credential: Credential,
  listed: readonly Reservation[],
): Promise<HostState> {
  const files = hostFilesOf(session, await identityFor(session, credential));
  return await syncReservationHosts({ client: session.client, files, me: credential.user }, listed);
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

/** The script that a tombstone calls: the bundle where there is one, because it starts on any newer Node. */
function ownScript(): string {
  const running = realpathSync(process.argv[1] ?? "gpu-dev");
  const bundle = running.replace(/bin([/\\])gpu-dev\.js$/, "dist$1gpu-dev.js");
  return existsSync(bundle) ? bundle : running;
}
