import type { Reservation } from "../../domain/reservation.ts";
import { formatDuration } from "@gpu-dev/shared/durations.ts";
import { MAXIMUM_AGES } from "../../domain/maximumAges.ts";
import { listAttempts } from "../../store/attempts.ts";
import { after, earliest, type ReconcilerContext } from "../context.ts";
import { closePod } from "./closePods.ts";
import { beginStopping, typeOf, type PassResult } from "./pass.ts";

const LOOK_AGAIN_MS = 2_000;

/** Waiting for a place. The plan moves it on; here it only leaves, or loses the pod of an earlier attempt. */
export async function passQueued(
  context: ReconcilerContext,
  row: Reservation,
): Promise<PassResult> {
  if (row.cancelRequestedAt) {
    return beginStopping(context, row, "cancelled", "Cancelled while it waited in the queue.");
  }
  const now = context.clock.now();
  const horizon = MAXIMUM_AGES.queued.until(row, typeOf(context, row), context.catalogue);
  if (horizon && now >= horizon) {
    const waited = formatDuration((now.getTime() - row.queuedAt.getTime()) / 1_000);
    return beginStopping(
      context,
      row,
      "horizon",
      `It waited ${waited} and could not start. ${row.waitingReason ?? ""}`.trim(),
    );
  }
  const old = (await listAttempts(context.database, row.id)).filter((a) => a.goneAt === null);
  const closed = await Promise.all(old.map((attempt) => closePod(context, row, attempt)));
  const waiting = closed.some((one) => one !== "gone");
  return earliest(horizon, waiting ? after(now, LOOK_AGAIN_MS) : null);
}
