import { constants } from "node:os";
import type { ServerChannel } from "ssh2";

/** Tells the client how its program ended, then closes the channel once all output is through. */
export function reportExit(channel: ServerChannel, code: number | null, signal?: number): void {
  if (!channel.writable) return;
  const name = signal === undefined || signal === 0 ? undefined : signalName(signal);
  if (name === undefined) channel.exit(code ?? 1);
  else channel.exit(name, false, "");
  channel.end();
}

/** The number of a signal name such as SIGTERM. */
export function signalNumber(name: NodeJS.Signals): number {
  return constants.signals[name];
}

/** As the protocol writes it: without SIG. */
function signalName(number: number): string {
  const found = Object.entries(constants.signals).find(([, value]) => value === number);
  return found === undefined ? "TERM" : found[0].replace(/^SIG/, "");
}
