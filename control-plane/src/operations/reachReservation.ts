import type { ReservationId } from "@gpu-dev/shared/ids.ts";
import { ClusterRefused, type Cluster } from "../cluster/port.ts";
import type { Queryable } from "../store/database.ts";
import type { Viewer } from "../domain/principal.ts";
import { Refusal } from "../domain/refusal.ts";
import { findReservationFor } from "./findReservation.ts";

/** All that operations may ask of a cluster. */
export type LogReader = Pick<Cluster, "readLogs">;

const SSH_PORT = 2222;
const LOGIN = "dev";
const MAXIMUM_LINE = 4_096;

export interface Connection {
  readonly reservationId: ReservationId;
  readonly name: string;
  readonly owner: string;
  readonly kind: "direct";
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly hostKeys: string[];
  readonly workspacePath: string;
}

/** How to reach a ready reservation over SSH: its first member. */
export async function readConnection(
  db: Queryable,
  viewer: Viewer,
  id: ReservationId,
): Promise<Connection> {
  const view = await findReservationFor(db, viewer, id);
  const host = view.members[0]?.podIp ?? null;
  if (view.state !== "ready" || host === null || view.hostPublicKey === null) {
    const next =
      view.state === "queued" || view.state === "starting"
        ? "Wait until it is ready."
        : "Reserve again to get another.";
    throw new Refusal(
      "state_conflict",
      `The reservation "${view.name}" is ${view.state}, so nothing answers SSH. ${next}`,
    );
  }
  return {
    reservationId: view.id,
    name: view.name,
    owner: view.ownerName,
    kind: "direct",
    host,
    port: SSH_PORT,
    user: LOGIN,
    hostKeys: [view.hostPublicKey.trim()],
    workspacePath: view.members[0]?.workspacePath ?? "/workspace",
  };
}

export interface Logs {
  readonly podName: string | null;
  readonly lines: string[];
  readonly truncated: boolean;
}

/** The newest lines of the first member's container; none when it has no pod now. */
export async function readLogs(
  { db, cluster }: { readonly db: Queryable; readonly cluster: LogReader },
  viewer: Viewer,
  { id, tail }: { readonly id: ReservationId; readonly tail: number },
): Promise<Logs> {
  const view = await findReservationFor(db, viewer, id);
  const member = view.members[0];
  if (!member || member.gone) return { podName: null, lines: [], truncated: false };
  // One line more than asked for tells whether there are more.
  const text = await cluster.readLogs(member.podName, tail + 1).catch((error: unknown) => {
    // Not there yet, or its container has not begun: nothing was printed.
    if (error instanceof ClusterRefused && ["NotFound", "BadRequest"].includes(error.reason))
      return "";
    throw error;
  });
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return {
    podName: member.podName,
    lines: lines.slice(-tail).map((line) => line.slice(0, MAXIMUM_LINE)),
    truncated: lines.length > tail,
  };
}
