import { type NodeRoom, roomOf, usable } from "./nodeRoom.ts";
import type { Plan, PlanInput, Placement, PlanRequest, Waiting } from "./types.ts";
import { blockedReason, behindReason } from "./waitingReason.ts";

/**
 * Strict first come, first served: the oldest request that does not fit waits, and everybody behind it waits
 * too. Placement is best fit on one node, which keeps whole nodes whole; more nodes are whole ones of one zone.
 */
export function planFirstCome(input: PlanInput): Plan {
  const rooms = roomOf(input);
  const placements: Placement[] = [];
  const waiting: Waiting[] = [];
  for (const request of input.queue) {
    const found = waiting.length === 0 ? place(request, rooms) : undefined;
    if (found) {
      for (const room of found) room.free -= request.units;
      placements.push({
        reservationId: request.reservationId,
        nodes: found.map((room) => room.node.name),
      });
      continue;
    }
    waiting.push({
      reservationId: request.reservationId,
      position: waiting.length + 1,
      reason:
        waiting.length === 0 ? blockedReason(input, rooms, request) : behindReason(waiting.length),
    });
  }
  return { placements, waiting };
}

function place(request: PlanRequest, rooms: readonly NodeRoom[]): NodeRoom[] | undefined {
  const open = rooms.filter(
    (room) => usable(room) && (request.zone === null || room.node.zone === request.zone),
  );
  const untried = open.filter(({ node }) => !request.turnedAwayBy.includes(node.name));
  const pick = request.nodeCount === 1 ? bestFit : wholeNodes;
  return pick(request, untried) ?? (untried.length < open.length ? pick(request, open) : undefined);
}

/** The fewest free units that suffice; ties go by name, because the rooms are in that order. */
function bestFit(request: PlanRequest, open: readonly NodeRoom[]): NodeRoom[] | undefined {
  const fitting = open.filter((room) => room.free >= request.units);
  const [first, ...rest] = fitting;
  if (!first) return undefined;
  return [rest.reduce((best, room) => (room.free < best.free ? room : best), first)];
}

function wholeNodes(request: PlanRequest, open: readonly NodeRoom[]): NodeRoom[] | undefined {
  const empty = open.filter((room) => room.free === room.node.units && room.free === request.units);
  const zones = [...new Set(empty.map((room) => room.node.zone))].sort();
  for (const zone of zones) {
    const inZone = empty.filter((room) => room.node.zone === zone);
    if (inZone.length >= request.nodeCount) return inZone.slice(0, request.nodeCount);
  }
  return undefined;
}
