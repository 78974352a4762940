import type { ResponseOf } from "@gpu-dev/client/http/routeTypes.ts";
import type { Reservation } from "@gpu-dev/shared/api/reservation.ts";
import { TERMINAL } from "@gpu-dev/shared/states.ts";
import { progressSentence } from "@gpu-dev/client/text/reservationText.ts";
import { asSentence } from "@gpu-dev/shared/text.ts";
import { localTimeExact } from "@gpu-dev/client/text/times.ts";
import { plainLine, plainLogLine } from "./plainText.ts";

/** What the container printed, with a first line that says what this is and how fresh. */
export function logsText(
  reservation: Reservation,
  logs: ResponseOf<"getReservationLogs">,
  now: Date,
): string {
  const { name, state } = reservation;
  const asOf = `as of ${localTimeExact(now.toISOString(), now)}`;
  if (logs.podName === null) {
    const doing = asSentence(plainLine(progressSentence(reservation)));
    const why = TERMINAL.includes(state)
      ? `${name} has no container any more. ${doing}`
      : `${name} has no container yet. It is ${doing}`;
    return `${why} (${asOf})
`;
  }
  const count = String(logs.lines.length);
  const newest = logs.truncated ? `the newest ${count} lines, ` : "";
  const head = `Log of ${logs.podName}, ${newest}${asOf}. Run Show Logs again to refresh.`;
  const body =
    logs.lines.length === 0 ? ["It has printed nothing yet."] : logs.lines.map(plainLogLine);
  return `${[head, "", ...body].join("\n")}\n`;
}
