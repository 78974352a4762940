import type { Reservation } from "@gpu-dev/shared/api/reservation.ts";
import {
  ordinal,
  phaseText,
  progressText,
  resources,
} from "@gpu-dev/client/text/reservationText.ts";
import { asSentence } from "@gpu-dev/shared/text.ts";
import { capitalize } from "../core/text.ts";
import { formatClockTime } from "../core/text.ts";
import { endReasonLabel } from "../core/text.ts";
import { formatTimeLeft, urgencyOf } from "../core/lease.ts";
import { reservationFacts, type ShownHosts } from "./reservationFacts.ts";
import { row } from "./rows.ts";
import { tooltip } from "./tooltip.ts";
import type { TreeNode } from "./treeNode.ts";

export interface RowOptions {
  readonly now: Date;
  readonly hosts: ShownHosts;
  readonly expanded: boolean;
}

/** One reservation. What matters most stands first in its description, as a narrow sidebar cuts the end off. */
export function reservationRow(reservation: Reservation, options: RowOptions): TreeNode {
  const { id, name, state } = reservation;
  const words = headWords(reservation, options.now);
  const isOver = state === "ended" || state === "failed";
  return row({
    id: `reservation/${id}`,
    label: name,
    description: `${words}, ${resources(reservation)}`,
    tooltip: tooltip(
      `${name}: ${resources(reservation)}, ${words}`,
      isOver || state === "ready" ? null : capitalize(asSentence(progressText(reservation))),
      isOver ? reservation.endDetail && asSentence(reservation.endDetail) : null,
    ),
    spoken: `${name}, ${SPOKEN_STATE[state]}: ${words}, ${resources(reservation)}`,
    icon: iconOf(reservation, options.now),
    kind: `reservation.${state}`,
    children: reservationFacts(reservation, options),
    expanded: options.expanded && !isOver,
    target: { kind: "reservation", id },
    command: isOver ? "gpuDev.showDetails" : null,
  });
}

function headWords(reservation: Reservation, now: Date): string {
  const { state, phase, waiting, expiresAt, endReason, endedAt, cancelRequestedAt } = reservation;
  switch (state) {
    case "queued":
      if (cancelRequestedAt !== null) return "leaving the queue";
      return waiting === null ? "in line" : `${ordinal(waiting.position)} in line`;
    case "starting":
      if (cancelRequestedAt !== null) return "cancelled, about to end";
      return phase === null ? "starting" : phaseText(phase);
    case "ready": {
      if (cancelRequestedAt !== null) return "cancelled, about to end";
      const left = expiresAt === null ? null : formatTimeLeft(new Date(expiresAt), now);
      return left === null ? "time is up" : `${left} left`;
    }
    case "stopping":
      return phase === null ? "ending" : `ending, ${phaseText(phase)}`;
    case "ended":
    case "failed":
      return endedAt === null
        ? endReasonLabel(endReason)
        : `${endReasonLabel(endReason)}, ${formatClockTime(new Date(endedAt), now)}`;
  }
}

/** Each state has a shape of its own; the colour only repeats it. */
function iconOf(reservation: Reservation, now: Date): TreeNode["icon"] {
  switch (reservation.state) {
    case "queued":
      return { id: "clock" };
    case "starting":
      return { id: "sync~spin", color: "charts.blue" };
    case "ready":
      return readyIcon(reservation, now);
    case "stopping":
      return { id: "loading~spin" };
    case "ended":
      return { id: "circle-slash", color: "disabledForeground" };
    case "failed":
      return { id: "error", color: "list.errorForeground" };
  }
}

function readyIcon({ expiresAt, cancelRequestedAt }: Reservation, now: Date): TreeNode["icon"] {
  if (cancelRequestedAt !== null) return { id: "loading~spin" };
  const urgency = expiresAt === null ? "none" : urgencyOf(new Date(expiresAt), now);
  if (urgency === "none") return { id: "vm-running", color: "charts.green" };
  return urgency === "soon"
    ? { id: "watch", color: "list.warningForeground" }
    : { id: "bell", color: "list.errorForeground" };
}

const SPOKEN_STATE = {
  queued: "waiting",
  starting: "starting",
  ready: "active",
  stopping: "ending",
  ended: "ended",
  failed: "failed",
} as const;
