import type { Reservation } from "@gpu-dev/client/http/responses.ts";
import { formatDuration } from "@gpu-dev/shared/durations.ts";
import { asSentence, capitalize } from "@gpu-dev/shared/text.ts";
import { hostNameFor } from "@gpu-dev/client/ssh/hostNames.ts";
import {
  nodesOf,
  ordinal,
  phaseText,
  progressText,
  resources,
} from "@gpu-dev/client/text/reservationText.ts";
import type { KnownHosts } from "../connect/hostSync.ts";
import { formatTimeLeft, urgencyOf } from "../core/lease.ts";
import { endReasonLabel, formatClockTime } from "../core/text.ts";
import { fact, row, tooltip, type TreeNode } from "./treeNode.ts";

export type ShownHosts = Pick<KnownHosts, "prefix">;

export interface RowOptions {
  readonly now: Date;
  readonly hosts: ShownHosts;
  readonly expanded: boolean;
}

/**
 * A reservation. Its description starts with what matters most, because a narrow side bar cuts off
 * the end.
 */
export function reservationRow(reservation: Reservation, options: RowOptions): TreeNode {
  const { id, name, state } = reservation;
  const status = statusText(reservation, options.now);
  const hasEnded = state === "ended" || state === "failed";
  return row({
    id: `reservation/${id}`,
    label: name,
    description: `${status}, ${resources(reservation)}${reasonText(reservation)}`,
    tooltip: tooltip(
      `${name}: ${resources(reservation)}, ${status}`,
      hasEnded || state === "ready" ? undefined : capitalize(asSentence(progressText(reservation))),
      hasEnded ? reservation.endDetail && asSentence(reservation.endDetail) : undefined,
    ),
    spoken: `${name}, ${SPOKEN_STATE[state]}: ${status}, ${resources(reservation)}${reasonText(reservation)}`,
    icon: iconOf(reservation, options.now),
    kind: `reservation.${state}`,
    children: reservationFacts(reservation, options),
    expanded: options.expanded && !hasEnded,
    target: { kind: "reservation", id },
    command: hasEnded ? "gpuDev.showDetails" : undefined,
  });
}

function statusText(reservation: Reservation, now: Date): string {
  const { state, phase, waiting, expiresAt, endReason, endedAt, cancelRequestedAt } = reservation;
  switch (state) {
    case "queued":
      if (cancelRequestedAt !== undefined) return "leaving the queue";
      return waiting === undefined ? "in line" : `${ordinal(waiting.position)} in line`;
    case "starting":
      if (cancelRequestedAt !== undefined) return "cancelled, about to end";
      return phase === undefined ? "starting" : phaseText(phase);
    case "ready": {
      if (cancelRequestedAt !== undefined) return "cancelled, about to end";
      const left = expiresAt === undefined ? undefined : formatTimeLeft(new Date(expiresAt), now);
      return left === undefined ? "lease expired" : `${left} left`;
    }
    case "stopping":
      return phase === undefined ? "ending" : `ending, ${phaseText(phase)}`;
    case "ended":
    case "failed":
      return endedAt === undefined
        ? endReasonLabel(endReason)
        : `${endReasonLabel(endReason)}, ${formatClockTime(new Date(endedAt), now)}`;
  }
}

/** Why the reservation waits, at the end of its row; the tooltip has the whole text. */
function reasonText({ state, waiting, cancelRequestedAt }: Reservation): string {
  if (state !== "queued" || waiting === undefined || cancelRequestedAt !== undefined) return "";
  return `: ${waiting.reason}`;
}

/** Each state has its own icon shape; the colour only repeats it. */
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
  if (cancelRequestedAt !== undefined) return { id: "loading~spin" };
  const urgency = expiresAt === undefined ? "none" : urgencyOf(new Date(expiresAt), now);
  if (urgency === "none") return { id: "vm-running", color: "charts.green" };
  return urgency === "soon"
    ? { id: "watch", color: "list.warningForeground" }
    : { id: "bell", color: "list.errorForeground" };
}

const SPOKEN_STATE = {
  queued: "queued",
  starting: "starting",
  ready: "active",
  stopping: "ending",
  ended: "ended",
  failed: "failed",
} as const;

type Fact = readonly [key: string, label: string, value: string | undefined, icon: string];

/** The rows under a reservation: its known properties. */
function reservationFacts(reservation: Reservation, options: RowOptions): readonly TreeNode[] {
  const { id } = reservation;
  const of = `reservation/${id}`;
  const target = { kind: "reservation", id } as const;
  return factsOf(reservation, options).flatMap(([key, label, value, icon]) =>
    value === undefined ? [] : fact({ of, key, label, value, icon, target }),
  );
}

function factsOf(reservation: Reservation, { now, hosts }: RowOptions): readonly Fact[] {
  const { state, spec, phaseDetail, createdAt } = reservation;
  const at = (iso: string | undefined) =>
    iso === undefined ? undefined : formatClockTime(new Date(iso), now);
  const disk: Fact = [
    "disk",
    "Disk",
    spec.disk ?? "none, files are deleted at the end",
    "database",
  ];
  const node: Fact = ["node", ...nodeFact(reservation), "server"];
  const length = `${formatDuration(spec.durationSeconds)} once ready`;
  const duration: Fact = ["duration", "Duration", length, "watch"];
  switch (state) {
    case "queued":
      return [["since", "Requested", at(createdAt), "calendar"], duration, disk];
    case "starting":
      return [["now", "Now", phaseDetail, "info"], node, duration, disk];
    case "ready":
      return [
        node,
        ["ends", "Ends", at(reservation.expiresAt), "watch"],
        disk,
        ["host", "Host", hostOf(reservation, hosts.prefix()), "remote"],
        ["restarts", "Restarts", restartsOf(reservation), "debug-restart"],
      ];
    case "stopping":
      return [["now", "Now", phaseDetail, "info"], node, disk];
    case "ended":
    case "failed":
      return [];
  }
}

function nodeFact(reservation: Reservation): [label: string, value: string | undefined] {
  const count = new Set(reservation.members.map((member) => member.node)).size;
  return [count > 1 ? "Nodes" : "Node", count === 0 ? undefined : nodesOf(reservation)];
}

function hostOf({ name, owner }: Reservation, prefix: string): string {
  return hostNameFor(prefix, { own: true, owner: owner.name, name });
}

function restartsOf({ members }: Reservation): string | undefined {
  const restarts = members.reduce((sum, member) => sum + member.restarts, 0);
  return restarts === 0 ? undefined : String(restarts);
}
