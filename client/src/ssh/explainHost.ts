import { readFile } from "node:fs/promises";
import { asSentence } from "@gpu-dev/shared/text.ts";
import { localTime } from "../text/times.ts";
import { hostNames } from "./hostNames.ts";
import { type HostState, hostState } from "./hostState.ts";

/**
 * How a reservation ended, in a sentence. Reads only the local host file, because it must be
 * immediate and work without a network.
 */
export async function explainHost(id: string, stateFile: string, now: Date): Promise<string> {
  const text = await readFile(stateFile, "utf8").catch(() => "");
  const state = parseState(text);
  const tombstone = state?.tombstones.find((entry) => entry.id === id);
  if (state === undefined || tombstone === undefined) {
    return 'this reservation has ended. "gpu-dev list" shows your reservations.';
  }
  const endedAt = localTime(tombstone.endedAt, now);
  const why = tombstone.endDetail ?? tombstone.endReason ?? "the server no longer knows it";
  const name = hostNames(state).get(tombstone) ?? tombstone.name;
  return `${name} ended at ${endedAt}: ${asSentence(why)} To reserve again: gpu-dev reserve`;
}

function parseState(text: string): HostState | undefined {
  try {
    return hostState.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
