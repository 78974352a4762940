import { formatDuration, Second } from "@gpu-dev/shared/durations.ts";
import type { Reservation } from "@gpu-dev/client/http/responses.ts";
import { followReservation } from "@gpu-dev/client/reservations.ts";
import { progressText } from "@gpu-dev/client/text/reservationText.ts";
import { CliError } from "../output/exitCodes.ts";
import type { Session } from "../session/session.ts";

const REDRAW_MS = Second.ms;

/**
 * Waits until `isDone` and shows each change. Ctrl-C ends only the wait, with the text of
 * `onInterrupt`.
 */
export async function waitForReservation(
  session: Session,
  reservation: Reservation,
  isDone: (reservation: Reservation) => boolean,
  onInterrupt: (reservation: Reservation) => string,
): Promise<Reservation> {
  const interrupt = new AbortController();
  const onSigint = () => {
    interrupt.abort();
  };
  process.on("SIGINT", onSigint);
  const progress = startProgress(session, reservation.name);
  try {
    const last = await followReservation({
      client: session.client,
      reservation,
      isDone,
      signal: interrupt.signal,
      onProgress: (current) => {
        progress.show(textOf(current));
      },
      onUnreachable: () => {
        progress.show("the server does not respond; still trying");
      },
    });
    if (!interrupt.signal.aborted || isDone(last)) return last;
    progress.stop();
    throw new CliError("interrupted", onInterrupt(last));
  } finally {
    process.off("SIGINT", onSigint);
    progress.stop();
  }
}

/** On a terminal one line that is redrawn each second; in a pipe one plain line for each change. */
function startProgress(session: Session, name: string) {
  const { output } = session;
  const startedAt = session.now().getTime();
  let shown = "";
  const draw = () => {
    const elapsed = formatDuration((session.now().getTime() - startedAt) / Second.ms);
    output.live(`${name}: ${shown}  ${elapsed}`);
  };
  const timer = output.interactive ? setInterval(draw, REDRAW_MS) : undefined;
  return {
    show: (text: string) => {
      if (text === shown) return;
      shown = text;
      if (output.interactive) draw();
      else output.note(`${name}: ${text}`);
    },
    stop: () => {
      clearInterval(timer);
      output.live("");
    },
  };
}

/** A request that never started has no sessions to close and no server to remove. */
function textOf(reservation: Reservation): string {
  const { state, placedAt, readyAt, members } = reservation;
  const hasStarted = placedAt !== undefined || readyAt !== undefined || members.length > 0;
  return state === "stopping" && !hasStarted ? "leaving the queue" : progressText(reservation);
}
