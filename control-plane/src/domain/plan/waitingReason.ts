import { type NodeRoom, usable } from "./nodeRoom.ts";
import type { PlanInput, PlanLease, PlanRequest } from "./types.ts";

/** For a request that others wait before. */
export function behindReason(ahead: number): string {
  return ahead === 1
    ? "1 request is ahead of yours."
    : `${String(ahead)} requests are ahead of yours.`;
}

/** Why the head of the queue does not fit: what it needs, what is free and where, what ends next. */
export function blockedReason(
  input: PlanInput,
  rooms: readonly NodeRoom[],
  request: PlanRequest,
): string {
  return [
    needSentence(input, request),
    freeSentence(input, rooms, request),
    outOfUseSentence(rooms),
    unhealthySentence(rooms),
    nextEndSentence(input, rooms, request),
  ]
    .filter((sentence) => sentence !== "")
    .join(" ");
}

function needSentence({ pool }: PlanInput, request: PlanRequest): string {
  const where =
    request.nodeCount === 1 ? "on one node" : `on each of ${String(request.nodeCount)} whole nodes`;
  const zone = request.zone === null ? "" : ` in ${request.zone}, where its disk is`;
  return `Needs ${String(request.units)} ${pool.toUpperCase()} ${where}${zone}.`;
}

function freeSentence(
  { nodes }: PlanInput,
  rooms: readonly NodeRoom[],
  request: PlanRequest,
): string {
  if (nodes.length === 0) return "No node of this type is in the cluster now.";
  const candidates = rooms.filter(
    (room) => usable(room) && (request.zone === null || room.node.zone === request.zone),
  );
  const open = candidates.filter((room) => room.free > 0);
  const total = open.reduce((sum, room) => sum + room.free, 0);
  if (candidates.length === 0) {
    return request.zone === null
      ? "None of its nodes is in use now."
      : `No node of this type is in use in ${request.zone} now.`;
  }
  if (total === 0) return "None is free.";
  const are = total === 1 ? "is" : "are";
  const [only] = open;
  if (open.length === 1 && only) return `${String(total)} ${are} free, on ${only.node.name}.`;
  const split = open
    .slice(0, MOST_NODES_NAMED)
    .map((room) => `${String(room.free)} on ${room.node.name}`);
  const more = open.length - split.length;
  if (more > 0) split.push(`the rest on ${String(more)} more`);
  return `${String(total)} ${are} free, but split: ${split.join(", ")}.`;
}

function outOfUseSentence(rooms: readonly NodeRoom[]): string {
  const names = rooms
    .filter((room) => !usable(room))
    .map(({ node }) => `${node.name} (${node.outOfUse ?? ""})`);
  if (names.length === 0) return "";
  if (names.length > MOST_NODES_NAMED) return `${String(names.length)} nodes are out of use.`;
  return `Out of use: ${names.join(", ")}.`;
}

/** A node that is out of use gives none of its GPUs, healthy or not. */
function unhealthySentence(rooms: readonly NodeRoom[]): string {
  const bad = rooms.filter((room) => usable(room) && room.node.unhealthyUnits > 0);
  if (bad.length === 0) return "";
  const sum = bad.reduce((all, { node }) => all + node.unhealthyUnits, 0);
  if (bad.length > MOST_NODES_NAMED) return `${String(sum)} GPUs are out of order.`;
  const each = bad.map(({ node: { name, units, unhealthyUnits } }) => {
    return `${String(unhealthyUnits)} of ${String(units + unhealthyUnits)} GPUs on ${name}`;
  });
  return `Out of order: ${each.join(", ")}.`;
}

/** Of nodes in use alone: what ends on another frees nothing for who waits. */
function nextEndSentence(
  { leases, now }: PlanInput,
  rooms: readonly NodeRoom[],
  request: PlanRequest,
): string {
  const inUse = new Set(rooms.filter(usable).map(({ node }) => node.name));
  const ends = leases
    .filter(({ node }) => inUse.has(node))
    .filter((lease): lease is PlanLease & { until: Date } => lease.until !== null)
    .filter((lease) => lease.reservationId !== request.reservationId)
    .sort((a, b) => a.until.getTime() - b.until.getTime());
  const [next] = ends;
  if (!next) return "";
  const what = `on ${next.node} (${String(next.units)} ${next.units === 1 ? "GPU" : "GPUs"})`;
  if (next.until <= now) return `The next end is due now, ${what}.`;
  return `Next end: at ${clockTime(next.until, now)} at the latest, ${what}.`;
}

const MOST_NODES_NAMED = 6;
const DAY_MS = 86_400_000;

/** 14:20 UTC, with the date when it is not within a day. */
function clockTime(at: Date, now: Date): string {
  const iso = at.toISOString();
  const time = `${iso.slice(11, 16)} UTC`;
  return at.getTime() - now.getTime() < DAY_MS ? time : `${iso.slice(0, 10)} ${time}`;
}
