import type { z } from "zod";
import type { Catalogue } from "@gpu-dev/shared/api/catalogue.ts";
import type { reservation } from "@gpu-dev/shared/api/reservation.ts";
import { addSeconds } from "@gpu-dev/shared/durations.ts";
import { extendableSeconds } from "../../domain/leaseTime.ts";
import type { ReservationView } from "../../domain/views.ts";

const iso = (at: Date | undefined): string | null => at?.toISOString() ?? null;

export function presentReservation(
  view: ReservationView,
  catalogue: Catalogue,
): z.input<typeof reservation> {
  return {
    id: view.id,
    name: view.name,
    owner: { id: view.ownerId, name: view.ownerName },
    spec: view.spec,
    state: view.state,
    phase: view.phase ?? null,
    phaseDetail: view.phaseDetail ?? null,
    waiting: presentWaiting(view),
    members: presentMembers(view),
    createdAt: view.createdAt.toISOString(),
    placedAt: iso(view.placedAt),
    readyAt: iso(view.readyAt),
    expiresAt: iso(view.expiresAt),
    capacityUntil: iso(view.capacityUntil),
    extendableUntil: iso(latestEnd(view, catalogue)),
    cancelRequestedAt: iso(view.cancelRequestedAt),
    endedAt: iso(view.endedAt),
    endReason: view.endReason ?? null,
    endDetail: view.endDetail ?? null,
    generation: view.generation,
  };
}

/** Null until the first plan has considered it, which takes milliseconds. */
function presentWaiting(view: ReservationView): z.input<typeof reservation>["waiting"] {
  if (view.state !== "queued" || view.waitingPosition === undefined) return null;
  return {
    position: view.waitingPosition,
    ahead: view.waitingPosition - 1,
    reason: view.waitingReason ?? "The reason is not known yet; the next plan states it.",
  };
}

function presentMembers(view: ReservationView): z.input<typeof reservation>["members"] {
  // A reservation that is back in the queue has only previous members.
  if (view.state === "queued") return [];
  return view.members.map(({ rank, attempt, node, podName, restarts }) => ({
    rank,
    attempt,
    node,
    podName,
    gpus: Math.floor(view.gpus / view.nodeCount),
    restarts,
  }));
}

function latestEnd(view: ReservationView, catalogue: Catalogue): Date | undefined {
  if (
    view.state !== "ready" ||
    view.expiresAt === undefined ||
    view.cancelRequestedAt !== undefined
  )
    return undefined;
  return addSeconds(view.expiresAt, extendableSeconds(view, catalogue));
}
