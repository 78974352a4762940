import { parseArgs } from "node:util";
import { systemClock } from "@gpu-dev/client/clock.ts";
import { explainHost } from "@gpu-dev/client/ssh/explainHost.ts";

/**
 * The exit status of ssh after a failed connection, so that programs that call ssh see the usual
 * failure.
 */
const SSH_FAILURE = 255;

/**
 * `explain ID --state FILE`: run by ssh instead of a connection for the host of a reservation that
 * has ended. It is a separate bundle, because it must work after the extension's folder is gone. It
 * writes to stderr, because stdout carries the SSH protocol.
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
