import { readFile } from "node:fs/promises";
import { localTime } from "../text/times.ts";
import { hostNames } from "./hostNames.ts";
import { hostState } from "./hostState.ts";

/**
 * How a reservation ended, in a sentence, from our host file alone: it must answer at once, also without a network.
 */
export async function explainHost(id: string, stateFile: string, now: Date): Promise<string> {
  const text = await readFile(stateFile, "utf8").catch(() => "");
  const state = parseState(text);
  const tombstone = state?.tombstones.find((entry) => entry.id === id);
  if (state === null || tombstone === undefined) {
    return 'this reservation is over. "gpu-dev list" shows what you have.';
  }
  const when = localTime(tombstone.endedAt, now);
  const why = tombstone.endDetail ?? tombstone.endReason ?? "the server no longer knows it";
  const name = hostNames(state).get(tombstone) ?? tombstone.name;
  return `${name} is over since ${when}: ${why.replace(/\.?$/, ".")} "gpu-dev reserve" makes a new one.`;
}

function parseState(text: string) {
  try {
    return hostState.parse(JSON.parse(text));
  } catch {
    return null;
  }
}
