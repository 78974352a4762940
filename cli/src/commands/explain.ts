import type { Command } from "commander";
import { systemClock } from "@gpu-dev/client/clock.ts";
import { explainHost } from "@gpu-dev/client/ssh/explainHost.ts";

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
      process.stderr.write(`gpu-dev: ${await explainHost(id, options.state, systemClock.now())}\n`);
      process.exitCode = SSH_FAILURE;
    });
}
