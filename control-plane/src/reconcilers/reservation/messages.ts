import { formatDuration, Second } from "@gpu-dev/shared/durations.ts";
import { asSentence } from "@gpu-dev/shared/text.ts";
import type { PodView } from "../../cluster/port.ts";
import type { Reservation } from "../../domain/reservation.ts";

/** What stopping the reservation removes and keeps, for the event of its change to `stopping`. */
export function stopSummary({ state, spec }: Reservation): string {
  const hasDisk = spec.disk !== null;
  if (state === "queued") return hasDisk ? "Its disk is released." : "";
  if (state === "starting") {
    return `Removing what was started${hasDisk ? " and releasing its disk" : ""}.`;
  }
  return hasDisk
    ? "Closing its sessions and releasing its disk."
    : "Closing its sessions; it has no disk, so its files are deleted.";
}

/** How long the reservation was usable, and why it ended. */
export function endSummary({ readyAt, endDetail }: Reservation, endedAt: Date): string {
  const summary = readyAt
    ? `It ended ${formatDuration((endedAt.getTime() - readyAt.getTime()) / Second.ms)} after it was ready.`
    : "It ended and was never ready.";
  return endDetail === undefined ? summary : `${summary} ${asSentence(endDetail)}`;
}

/** The reasons with which a kubelet reports a container that it finds gone when it starts. */
const NODE_RESTARTED: readonly string[] = ["Unknown", "ContainerStatusUnknown"];

/** Why the container of this pod ended last. */
export function restartCause({ lastTermination }: PodView): string {
  if (!lastTermination) return "Its container ended.";
  const { reason, exitCode } = lastTermination;
  if (reason === "OOMKilled") {
    return "Its container exceeded its memory limit and was killed (out of memory).";
  }
  if (NODE_RESTARTED.includes(reason)) {
    return "Its node was down for a moment, so its programs ended.";
  }
  return `Its container ended (${reason}, exit code ${String(exitCode)}).`;
}
