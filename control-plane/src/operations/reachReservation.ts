import type { ReservationId } from "@gpu-dev/shared/ids.ts";
import { ClusterRefused, ClusterUnavailable, type Cluster } from "../cluster/port.ts";
import type { Queryable } from "../store/database.ts";
import type { MemberView, ReservationView } from "../domain/views.ts";
import type { Viewer } from "../domain/principal.ts";
import { Refusal } from "../domain/refusal.ts";
import { findReservationFor } from "./readReservations.ts";

/** The part of the cluster port that operations may use. */
export type LogReader = Pick<Cluster, "readLogs">;

const SSH_PORT = 2222;
const LOGIN = "dev";
const MAX_LINE_LENGTH = 4_096;

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

/** How to reach a ready reservation over SSH: its member of rank 0. */
export async function readConnection(
  db: Queryable,
  viewer: Viewer,
  id: ReservationId,
): Promise<Connection> {
  const view = await findReservationFor(db, viewer, id);
  const member = memberOf(view, 0);
  const host = member?.podIp;
  if (view.state !== "ready" || host === undefined || view.hostPublicKey === undefined) {
    const next =
      view.state === "queued" || view.state === "starting"
        ? "Wait until it is ready."
        : "Reserve again to get another.";
    throw new Refusal(
      "state_conflict",
      `The reservation "${view.name}" is ${view.state}, so it has no SSH server. ${next}`,
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
    workspacePath: member?.workspacePath ?? "/workspace",
  };
}

export interface LogRequest {
  readonly id: ReservationId;
  /** Lines at most. */
  readonly tail: number;
  readonly rank?: number;
}

export interface Logs {
  readonly podName: string | undefined;
  readonly lines: string[];
  readonly truncated: boolean;
}

/** The newest lines of a member's container, of rank 0 by default; none if it has no pod. */
export async function readLogs(
  { db, cluster }: { readonly db: Queryable; readonly cluster: LogReader },
  viewer: Viewer,
  { id, tail, rank = 0 }: LogRequest,
): Promise<Logs> {
  const view = await findReservationFor(db, viewer, id);
  const member = memberOf(view, rank);
  if (!member || member.gone) return { podName: undefined, lines: [], truncated: false };
  // One line more than requested shows whether there are more.
  const text = await cluster.readLogs(member.podName, tail + 1).catch(async (error: unknown) => {
    // The pod does not exist yet, or its container has not started: it printed nothing.
    if (error instanceof ClusterRefused && ["NotFound", "BadRequest"].includes(error.reason))
      return "";
    // While a pod is deleted its node has no log of it, which the cluster reports as a failure.
    if (error instanceof ClusterUnavailable && (await isEnding(db, viewer, id))) return "";
    throw error;
  });
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return {
    podName: member.podName,
    lines: lines.slice(-tail).map((line) => line.slice(0, MAX_LINE_LENGTH)),
    truncated: lines.length > tail,
  };
}

async function isEnding(db: Queryable, viewer: Viewer, id: ReservationId): Promise<boolean> {
  const { state, cancelRequestedAt } = await findReservationFor(db, viewer, id);
  return cancelRequestedAt !== undefined || !["starting", "ready"].includes(state);
}

function memberOf({ members }: ReservationView, rank: number): MemberView | undefined {
  return members.find((member) => member.rank === rank);
}
