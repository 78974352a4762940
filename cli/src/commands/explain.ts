import type { Command } from "commander";
import { systemClock } from "@gpu-dev/client/clock.ts";
import { explainHost, isGone } from "@gpu-dev/client/ssh/explainHost.ts";
import { programName, withProgramName } from "../output/programName.ts";

/** The exit code of ssh for a failed connection, so that callers of ssh see the usual result. */
const SSH_FAILURE = 255;

/**
 * Run by ssh, as its ProxyCommand, for the host of an ended reservation. Reads only a local file,
 * because it must be immediate and work without a network. It prints on stderr: stdout belongs to
 * the SSH protocol.
 */
export function addExplain(program: Command): void {
  program
    .command("explain", { hidden: true })
    .description("how a reservation ended; run by ssh for the hosts of ended reservations")
    .argument("<id>")
    .requiredOption("--state <file>", "our host file")
    .option("--if-gone", "print nothing; exit with 0 only if nothing responds at its address")
    .action(async (id: string, options: { state: string; ifGone?: boolean }) => {
      if (options.ifGone === true) {
        process.exitCode = (await isGone(id, options.state)) ? 0 : 1;
        return;
      }
      const text = await explainHost(id, options.state, systemClock.now());
      const program = programName(process.env, process.argv[1]);
      process.stderr.write(`gpu-dev: ${withProgramName(text, program)}\n`);
      process.exitCode = SSH_FAILURE;
    });
}
