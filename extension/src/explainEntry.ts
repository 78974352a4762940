import { parseArgs } from "node:util";
import { systemClock } from "@gpu-dev/client/clock.ts";
import { explainHost } from "@gpu-dev/client/ssh/explainHost.ts";

/** What ssh reports when a connection fails, so that whoever called ssh sees nothing unusual. */
const SSH_FAILURE = 255;

/**
 * `explain ID --state FILE`: run by ssh for the host of a reservation that is over, in place of a connection. A bundle
 * of its own, which outlives the extension's folder. stdout belongs to the SSH protocol, so it speaks on stderr.
 */
const { positionals, values } = parseArgs({
  allowPositionals: true,
  strict: false,
  options: { state: { type: "string" } },
});
process.exitCode = SSH_FAILURE;
const state = typeof values.state === "string" ? values.state : "";
void explainHost(positionals[1] ?? "", state, systemClock.now()).then((sentence) =>
  process.stderr.write(`gpu-dev: ${sentence}\n`),
);
