import { mkdir, open, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { Day } from "@gpu-dev/shared/durations.ts";

/** Returns true once for each event, in the one window that may show it. */
export type ClaimEvent = (eventId: string) => Promise<boolean>;

/**
 * Every window receives every event, but only one window may show it: the one that creates the
 * event's file. A shared folder is the only state that windows read without a delay. If a file
 * cannot be created, each window shows the event, because a duplicate is better than a lost
 * notification.
 */
export function createEventClaims(options: {
  /** One folder per deployment, because event ids are unique only within a deployment. */
  readonly folder: string;
  readonly now: () => Date;
}): ClaimEvent {
  const { folder, now } = options;
  const claimed = new Set<string>();
  let isSwept = false;
  return async (eventId) => {
    if (claimed.has(eventId)) return false;
    claimed.add(eventId);
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

/** Removes claims older than a day: no stream returns their events again. */
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
