import { mkdir, open, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { Day } from "@gpu-dev/shared/durations.ts";

/** True for the one window that may tell of this event; for every other one, and the second time, false. */
export type ClaimEvent = (eventId: string) => Promise<boolean>;

/**
 * Every window of the editor hears every event, and one is to tell it. Windows share a folder and nothing else that
 * is read fresh, so an event belongs to whoever makes its file. Where that can't be known, telling twice is better
 * than not at all.
 */
export function createEventClaims(options: {
  /** Of this deployment: ids of events are unique in one only. */
  readonly folder: string;
  readonly now: () => Date;
}): ClaimEvent {
  const { folder, now } = options;
  const claimedHere = new Set<string>();
  let isSwept = false;
  return async (eventId) => {
    if (claimedHere.has(eventId)) return false;
    claimedHere.add(eventId);
    try {
      await mkdir(folder, { recursive: true });
      const file = await open(join(folder, encodeURIComponent(eventId)), "wx", 0o600);
      await file.close();
      return true;
    } catch (error) {
      return !isExisting(error);
    } finally {
      if (!isSwept) {
        isSwept = true;
        await sweep(folder, now());
      }
    }
  };
}

/** What is older than a day comes from no stream any more. */
async function sweep(folder: string, now: Date): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  for (const path of names.map((name) => join(folder, name))) {
    const age = await stat(path).then(
      ({ mtimeMs }) => now.getTime() - mtimeMs,
      () => 0,
    );
    if (age > Day.ms) await rm(path, { force: true }).catch(() => undefined);
  }
}

function isExisting(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EEXIST";
}
