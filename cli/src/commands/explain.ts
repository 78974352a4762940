import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import { hostNames } from "@gpu-dev/shared/ssh/hostNames.ts";
import { hostState } from "@gpu-dev/shared/ssh/hostState.ts";
import { systemClock } from "@gpu-dev/shared/client/clock.ts";
import { localTime } from "../times.ts";

/** What ssh reports when a connection fails, so that whoever called ssh sees nothing unusual. */
const SSH_FAILURE = 255;

/**
 * Called by ssh for the host of a reservation that is over, instead of a connection. Only reads a local file: it
 * must answer at once, also without a network. stdout belongs to the SSH protocol, so it speaks on stderr.
 */
export function addExplain(program: Command): void {
  program
    .command("explain", { hidden: true })
    .description("how a reservation ended; called by ssh for hosts that are over")
    .argument("<id>")
    .requiredOption("--state <file>", "our host file")
    .action(async (id: string, options: { state: string }) => {
      process.stderr.write(`gpu-dev: ${await explain(id, options.state)}\n`);
      process.exitCode = SSH_FAILURE;
    });
}

async function explain(id: string, stateFile: string): Promise<string> {
  const text = await readFile(stateFile, "utf8").catch(() => "");
  const state = parseState(text);
  const tombstone = state?.tombstones.find((entry) => entry.id === id);
  if (state === null || tombstone === undefined) {
    return 'this reservation is over. "gpu-dev list" shows what you have.';
  }
  const when = localTime(tombstone.endedAt, systemClock.now());
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
