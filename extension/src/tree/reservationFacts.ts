import type { Reservation } from "@gpu-dev/shared/api/reservation.ts";
import { formatDuration } from "@gpu-dev/shared/durations.ts";
import { hostNameFor } from "@gpu-dev/client/ssh/hostState.ts";
import { nodesOf } from "@gpu-dev/client/text/reservationText.ts";
import { asSentence } from "@gpu-dev/shared/text.ts";
import { formatClockTime } from "../core/text.ts";
import type { Address, KnownHosts } from "../connect/knownHosts.ts";
import { fact } from "./rows.ts";
import type { TreeNode } from "./treeNode.ts";

export type ShownHosts = Pick<KnownHosts, "prefix" | "addressOf">;

type Fact = readonly [key: string, label: string, value: string | null, icon: string];

/** The rows under a reservation: what is known of it and nothing else. */
export function reservationFacts(
  reservation: Reservation,
  options: { readonly now: Date; readonly hosts: ShownHosts },
): readonly TreeNode[] {
  const { id } = reservation;
  return factsOf(reservation, options).flatMap(([key, label, value, icon]) =>
    value === null
      ? []
      : fact({
          of: `reservation/${id}`,
          key,
          label,
          value,
          icon,
          target: { kind: "reservation", id },
        }),
  );
}

function factsOf(
  reservation: Reservation,
  { now, hosts }: { readonly now: Date; readonly hosts: ShownHosts },
): readonly Fact[] {
  const { state, spec, waiting, phaseDetail, createdAt } = reservation;
  const at = (iso: string | null) => (iso === null ? null : formatClockTime(new Date(iso), now));
  const disk: Fact = ["disk", "Disk", spec.disk ?? "none, files go with the server", "database"];
  const node: Fact = ["node", ...nodeWords(reservation), "server"];
  const lasts: Fact = [
    "lasts",
    "Lasts",
    `${formatDuration(spec.durationSeconds)} once ready`,
    "watch",
  ];
  switch (state) {
    case "queued":
      return [
        ["reason", "Why", waiting && asSentence(waiting.reason), "question"],
        ["since", "Asked", at(createdAt), "calendar"],
        lasts,
        disk,
      ];
    case "starting":
      return [["now", "Now", phaseDetail, "info"], node, lasts, disk];
    case "ready":
      return [
        node,
        ["ends", "Ends", at(reservation.expiresAt), "watch"],
        disk,
        ["host", "Host", hostOf(reservation, hosts.prefix()), "remote"],
        ["ports", "Ports", portsOf(hosts.addressOf(reservation.id)), "plug"],
        ["restarts", "Restarts", restartsOf(reservation), "debug-restart"],
      ];
    case "stopping":
      return [["now", "Now", phaseDetail, "info"], node, disk];
    case "ended":
    case "failed":
      return [];
  }
}

function nodeWords(reservation: Reservation): [string, string | null] {
  const count = new Set(reservation.members.map((member) => member.node)).size;
  return [count > 1 ? "Nodes" : "Node", count === 0 ? null : nodesOf(reservation)];
}

function hostOf({ name, owner }: Reservation, prefix: string): string {
  return hostNameFor(prefix, { own: true, owner: owner.name, name });
}

/** Its SSH port is the one that a pod serves; others are reached through it, by forwarding. */
function portsOf(address: Address | null): string | null {
  return address === null ? null : `SSH ${String(address.port)} at ${address.host}`;
}

function restartsOf({ members }: Reservation): string | null {
  const restarts = members.reduce((sum, member) => sum + member.restarts, 0);
  return restarts === 0 ? null : String(restarts);
}
