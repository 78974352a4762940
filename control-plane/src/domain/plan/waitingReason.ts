import { clockTime } from "../clockTime.ts";
import { isAvailable, type NodeRoom } from "./pool.ts";
import type { PlanInput, PlanLease, PlanRequest } from "./types.ts";

/** Before the first contact with the cluster nothing is placed and no number is shown. */
export const CLUSTER_UNKNOWN = "The cluster has not responded yet, so its nodes are not known.";

/** For a request behind others in the queue. */
export function behindReason(ahead: number): string {
  return ahead === 1
    ? "1 request is ahead of yours."
    : `${String(ahead)} requests are ahead of yours.`;
}

/**
 * Why the head of the queue does not fit: what it needs, what is free where, and which lease ends
 * next.
 */
export function blockedReason(
  input: PlanInput,
  rooms: readonly NodeRoom[],
  request: PlanRequest,
): string {
  return [
    needSentence(input, request),
    freeSentence(rooms, request),
    unavailableSentence(rooms),
    unhealthySentence(rooms),
    nextEndSentence(input, rooms, request),
  ]
    .filter((sentence) => sentence !== "")
    .join(" ");
}

function needSentence({ pool, unitName }: PlanInput, request: PlanRequest): string {
  const unit = unitName === "slot" ? ` ${counted("slot", request.units)}` : "";
  const where =
    request.nodeCount === 1 ? "on one node" : `on each of ${String(request.nodeCount)} whole nodes`;
  const zone = request.zone === undefined ? "" : ` in ${request.zone}, where its disk is`;
  return `Needs ${String(request.units)} ${pool.toUpperCase()}${unit} ${where}${zone}.`;
}

function freeSentence(rooms: readonly NodeRoom[], request: PlanRequest): string {
  if (rooms.length === 0) return "The cluster has no node of this type now.";
  const candidates = rooms.filter(
    (room) => isAvailable(room) && (request.zone === undefined || room.node.zone === request.zone),
  );
  if (candidates.length === 0) {
    const where = request.zone === undefined ? "" : ` in ${request.zone}`;
    return `No node of this type is available${where}.`;
  }
  const open = candidates.filter((room) => room.free > 0);
  const total = open.reduce((sum, room) => sum + room.free, 0);
  if (total === 0) return "None is free.";
  const are = total === 1 ? "is" : "are";
  const [only] = open;
  if (open.length === 1 && only) return `${String(total)} ${are} free, on ${only.node.name}.`;
  const split = open
    .slice(0, MAX_NODES_NAMED)
    .map((room) => `${String(room.free)} on ${room.node.name}`);
  const more = open.length - split.length;
  if (more > 0) split.push(`the rest on ${String(more)} more`);
  return `${String(total)} ${are} free, but split: ${split.join(", ")}.`;
}

function unavailableSentence(rooms: readonly NodeRoom[]): string {
  const names = rooms
    .filter((room) => !isAvailable(room))
    .map(({ node }) => `${node.name} (${node.unavailableBecause ?? ""})`);
  if (names.length === 0) return "";
  if (names.length > MAX_NODES_NAMED) return `${String(names.length)} nodes are unavailable.`;
  return `Unavailable: ${names.join(", ")}.`;
}

/** Lists available nodes only: unhealthy GPUs of an unavailable node make no difference. */
function unhealthySentence(rooms: readonly NodeRoom[]): string {
  const affected = rooms.filter((room) => isAvailable(room) && room.node.unhealthyUnits > 0);
  if (affected.length === 0) return "";
  const sum = affected.reduce((all, { node }) => all + node.unhealthyUnits, 0);
  if (affected.length > MAX_NODES_NAMED) return `${String(sum)} GPUs are unhealthy.`;
  const counts = affected.map(({ node: { name, units, unhealthyUnits } }) => {
    return `${String(unhealthyUnits)} of ${String(units + unhealthyUnits)} GPUs on ${name}`;
  });
  return `Unhealthy: ${counts.join(", ")}.`;
}

/** Considers available nodes only: a lease that ends on another node frees nothing. */
function nextEndSentence(
  { leases, unitName, now }: PlanInput,
  rooms: readonly NodeRoom[],
  request: PlanRequest,
): string {
  const available = new Set(rooms.filter(isAvailable).map(({ node }) => node.name));
  const ends = leases
    .filter(({ node }) => available.has(node))
    .filter((lease): lease is PlanLease & { until: Date } => lease.until !== undefined)
    .filter((lease) => lease.reservationId !== request.reservationId)
    .sort((a, b) => a.until.getTime() - b.until.getTime());
  const [next] = ends;
  if (!next) return "";
  const place = `on ${next.node} (${String(next.units)} ${counted(unitName, next.units)})`;
  if (next.until <= now) return `The next end is due now, ${place}.`;
  return `Next end: at ${clockTime(next.until, now)} at the latest, ${place}.`;
}

const MAX_NODES_NAMED = 6;

const counted = (noun: string, count: number): string => (count === 1 ? noun : `${noun}s`);
