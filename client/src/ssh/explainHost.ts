import { readFile } from "node:fs/promises";
import { connect } from "node:net";
import { Second } from "@gpu-dev/shared/durations.ts";
import { endText } from "../text/reservationText.ts";
import { localTime } from "../text/times.ts";
import { hostNames } from "./hostNames.ts";
import { type HostState, hostState } from "./hostState.ts";

/**
 * How a reservation ended, in a sentence. Reads only the local host file, because it must be
 * immediate and work without a network.
 */
export async function explainHost(id: string, stateFile: string, now: Date): Promise<string> {
  const state = await readState(stateFile);
  const names = state === undefined ? undefined : hostNames(state);
  const tombstone = state?.tombstones.find((entry) => entry.id === id);
  if (tombstone !== undefined) {
    const name = names?.get(tombstone) ?? tombstone.name;
    return `${name} ${endText(tombstone, now)} To reserve again: gpu-dev reserve`;
  }
  const live = state?.live.find((entry) => entry.id === id);
  if (live?.expiresAt !== undefined) {
    const name = names?.get(live) ?? live.name;
    const when = localTime(live.expiresAt, now);
    return (
      `${name} does not respond, and its lease was to end at ${when}. ` +
      "To see whether it was extended: gpu-dev list. To reserve again: gpu-dev reserve"
    );
  }
  return 'this reservation has ended. "gpu-dev list" shows your reservations.';
}

const RESPONSE_TIMEOUT_MS = 3 * Second.ms;

/**
 * Whether nothing responds at the address of a host. ssh asks this after the end of the lease that
 * the host file knows, because another machine may have extended it.
 */
export async function isGone(id: string, stateFile: string): Promise<boolean> {
  const live = (await readState(stateFile))?.live.find((entry) => entry.id === id);
  if (live === undefined) return true;
  const { host, port } = live;
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: RESPONSE_TIMEOUT_MS });
    const finish = (result: boolean) => {
      socket.destroy();
      resolve(result);
    };
    socket.once("connect", () => {
      finish(false);
    });
    for (const event of ["timeout", "error"]) {
      socket.once(event, () => {
        finish(true);
      });
    }
  });
}

async function readState(stateFile: string): Promise<HostState | undefined> {
  try {
    return hostState.parse(JSON.parse(await readFile(stateFile, "utf8")));
  } catch {
    return undefined;
  }
}
