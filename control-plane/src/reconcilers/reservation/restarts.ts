import { Minute } from "@gpu-dev/shared/durations.ts";
import type { PodView } from "../../cluster/port.ts";
import type { Attempt, Reservation } from "../../domain/reservation.ts";
import { observeAttempt } from "../../store/attempts.ts";
import { countRestarts } from "../../store/restarts.ts";
import { after, type ReconcilerContext } from "../context.ts";
import { beginStopping, write } from "./pass.ts";

const CRASH_LOOP = { restarts: 5, withinMs: 10 * Minute.ms };

/** Tells each restart with its cause; one after the other in a short time ends the reservation. */
export async function tellRestarts(
  context: ReconcilerContext,
  row: Reservation,
  attempt: Attempt,
  pod: PodView,
): Promise<"again" | undefined> {
  const count = pod.restarts - attempt.restarts;
  if (count > 0) {
    return write(context, row, {
      events: [
        {
          type: "reservation.restarted",
          message: `${causeOf(pod)} It was restarted; the workspace is as it was.`,
          data: { count, restarts: pod.restarts, cause: pod.lastTermination?.reason ?? null },
        },
      ],
      and: (trx) => observeAttempt(trx, { ...pod, podName: pod.name }),
    });
  }
  const since = after(context.clock.now(), -CRASH_LOOP.withinMs);
  if (pod.restarts >= CRASH_LOOP.restarts) {
    const restarts = await countRestarts(context.database, row.id, since);
    if (restarts >= CRASH_LOOP.restarts) {
      const times = String(restarts);
      const detail = `Its container ended ${times} times within 10 minutes. ${causeOf(pod)}`;
      return beginStopping(context, row, "crash-loop", detail);
    }
  }
  await observeAttempt(context.database, { ...pod, podName: pod.name });
  return undefined;
}

function causeOf({ lastTermination }: PodView): string {
  if (!lastTermination) return "Its container ended.";
  if (lastTermination.reason === "OOMKilled") {
    return "Its container used more memory than it has and was killed (out of memory).";
  }
  return `Its container ended (${lastTermination.reason}, exit code ${String(lastTermination.exitCode)}).`;
}
