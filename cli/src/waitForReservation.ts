import type { Reservation } from "@gpu-dev/shared/api/reservation.ts";
import { ApiError, ConnectionError } from "@gpu-dev/client/http/apiErrors.ts";
import { pause } from "@gpu-dev/client/http/backoff.ts";
import { formatDuration, Second } from "@gpu-dev/shared/durations.ts";
import { CliError } from "./exitCodes.ts";
import { progressSentence } from "@gpu-dev/client/text/reservationText.ts";
import type { Session } from "./session.ts";

/** The event stream says when to look; this often one looks without it, so a dead stream costs nothing more. */
const POLL_MS = 3 * Second.ms;
const REDRAW_MS = Second.ms;

/** Looks at a reservation until `done`, telling of each change. Ctrl-C ends only the waiting: see `onInterrupt`. */
export async function waitForReservation(
  session: Session,
  first: Reservation,
  done: (reservation: Reservation) => boolean,
  onInterrupt: (reservation: Reservation) => string,
): Promise<Reservation> {
  const stop = new AbortController();
  const onSigint = () => {
    stop.abort();
  };
  process.on("SIGINT", onSigint);
  const teller = startTelling(session, first);
  const hints = listenForHints(session, first.id, stop.signal);
  let current = first;
  try {
    while (!isAborted(stop.signal)) {
      teller.tell(current);
      if (done(current)) return current;
      await hints.next(POLL_MS);
      current = await look(session, current, stop.signal, teller);
    }
  } finally {
    process.off("SIGINT", onSigint);
    stop.abort();
    teller.stop();
  }
  throw new CliError("interrupted", onInterrupt(current));
}

function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}

/** An unreachable server is no reason to give up: the reservation goes on without us. */
async function look(
  session: Session,
  current: Reservation,
  signal: AbortSignal,
  teller: Teller,
): Promise<Reservation> {
  try {
    const params = { reservationId: current.id };
    return await session.client.call("getReservation", { params, signal });
  } catch (error) {
    if (isAborted(signal)) return current;
    const passing =
      error instanceof ConnectionError || (error instanceof ApiError && error.status >= 500);
    if (!passing) throw error;
    teller.remark("the server does not answer; still trying");
    return current;
  }
}

interface Teller {
  tell(reservation: Reservation): void;
  remark(text: string): void;
  stop(): void;
}

/** On a terminal one line that is redrawn each second; in a pipe one plain line for each change. */
function startTelling(session: Session, first: Reservation): Teller {
  const { output } = session;
  const startedAt = session.now().getTime();
  let sentence = "";
  const draw = () => {
    const elapsed = formatDuration((session.now().getTime() - startedAt) / Second.ms);
    output.live(`${first.name}: ${sentence}  ${elapsed}`);
  };
  const timer = output.interactive ? setInterval(draw, REDRAW_MS) : undefined;
  const say = (text: string) => {
    if (text === sentence) return;
    sentence = text;
    if (output.interactive) draw();
    else output.note(`${first.name}: ${sentence}`);
  };
  return {
    tell: (reservation) => {
      say(progressSentence(reservation));
    },
    remark: say,
    stop: () => {
      clearInterval(timer);
      output.live("");
    },
  };
}

function listenForHints(session: Session, id: string, signal: AbortSignal) {
  let wake = new AbortController();
  const listen = async () => {
    for await (const item of session.client.events({ signal })) {
      if (item.kind === "event" && item.event.reservationId !== id) continue;
      if (item.kind === "changed" && !item.what.includes("waiting")) continue;
      if (item.kind !== "lost") wake.abort();
    }
  };
  // Polling goes on without the stream, whatever was wrong with it.
  listen().catch(() => undefined);
  signal.addEventListener("abort", () => {
    wake.abort();
  });
  return {
    next: async (atMostMs: number) => {
      await pause(atMostMs, wake.signal);
      wake = new AbortController();
    },
  };
}
