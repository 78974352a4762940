import type { ReservationId } from "@gpu-dev/shared/ids.ts";
import { isAvailable, roomsOf, type NodeRoom } from "./pool.ts";
import type { Plan, PlanInput, Planner, PlanRequest, Placement, Waiting } from "./types.ts";
import { behindReason, blockedReason, CLUSTER_UNKNOWN } from "./waitingReason.ts";

/**
 * Strict first come, first served: the oldest request that does not fit waits, and every request
 * behind it waits too. Placement on one node is best fit, which keeps whole nodes free; a
 * reservation of several nodes gets whole nodes in one zone. A quote plans the request at the end
 * of the queue.
 */
export const firstComePlanner: Planner = {
  plan,
  quote(input, request) {
    const quoted = { ...request, reservationId: QUOTED, queuedAt: input.now, previousNodes: [] };
    const { waiting } = plan({ ...input, queue: [...input.queue, quoted] });
    const last = waiting.at(-1);
    return last?.reservationId === QUOTED
      ? { starts: "queued", ahead: last.position - 1, reason: last.reason }
      : { starts: "now" };
  },
};

/** The id of a quoted request. It is not a valid id, so no reservation has it. */
const QUOTED = "quoted" as ReservationId;

function plan(input: PlanInput): Plan {
  const rooms = roomsOf(input);
  const placements: Placement[] = [];
  const waiting: Waiting[] = [];
  for (const request of input.queue) {
    const mayStart = input.clusterSeenAt !== undefined && waiting.length === 0;
    const found = mayStart ? place(request, rooms) : undefined;
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
      reason: reasonFor(input, rooms, { request, ahead: waiting.length }),
    });
  }
  return { placements, waiting };
}

function reasonFor(
  input: PlanInput,
  rooms: readonly NodeRoom[],
  { request, ahead }: { readonly request: PlanRequest; readonly ahead: number },
): string {
  if (input.clusterSeenAt === undefined) return CLUSTER_UNKNOWN;
  return ahead === 0 ? blockedReason(input, rooms, request) : behindReason(ahead);
}

function place(request: PlanRequest, rooms: readonly NodeRoom[]): NodeRoom[] | undefined {
  const open = rooms.filter(
    (room) => isAvailable(room) && (request.zone === undefined || room.node.zone === request.zone),
  );
  const untried = open.filter(({ node }) => !request.previousNodes.includes(node.name));
  const pick = request.nodeCount === 1 ? bestFit : wholeNodes;
  return pick(request, untried) ?? (untried.length < open.length ? pick(request, open) : undefined);
}

/** The node with the fewest free units that suffice; among equals the first by name. */
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
