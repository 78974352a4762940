import { parseArgs } from "node:util";
import { systemClock } from "@gpu-dev/client/clock.ts";
import { explainHost, isGone } from "@gpu-dev/client/ssh/explainHost.ts";

/**
 * The exit status of ssh after a failed connection, so that programs that call ssh see the usual
 * failure.
 */
const SSH_FAILURE = 255;

/**
 * `explain ID --state FILE`: run by ssh instead of a connection for the host of a reservation that
 * has ended. It is a separate bundle, because it must work after the extension's folder has been
 * removed. It writes to stderr, because stdout carries the SSH protocol.
 */
const { positionals, values } = parseArgs({
  allowPositionals: true,
  strict: false,
  options: { state: { type: "string" }, "if-gone": { type: "boolean" } },
});
const id = positionals[1] ?? "";
const state = typeof values.state === "string" ? values.state : "";
if (values["if-gone"] === true) {
  void isGone(id, state).then((gone) => {
    process.exitCode = gone ? 0 : 1;
  });
} else {
  process.exitCode = SSH_FAILURE;
  void explainHost(id, state, systemClock.now()).then((sentence) =>
    process.stderr.write(`gpu-dev: ${sentence}\n`),
  );
}
