import type { LogOutputChannel } from "vscode";
import type { ReservationId } from "@gpu-dev/shared/ids.ts";
import { TERMINAL } from "@gpu-dev/shared/states.ts";
import { signedInClient } from "../account/account.ts";
import { failureText } from "../core/errors.ts";
import { readTimeline } from "../live/readServer.ts";
import type { ReservationCommandsOptions } from "../reservation/commandOptions.ts";
import type { Details } from "../reservation/documentText.ts";

export type ReadDetailsOptions = Pick<ReservationCommandsOptions, "account" | "connectionOf"> & {
  readonly log: Pick<LogOutputChannel, "warn">;
};

/** Reads a reservation, its timeline, and how to connect to it from this machine. */
export async function readDetails(
  { account, connectionOf, log }: ReadDetailsOptions,
  id: ReservationId,
  signal?: AbortSignal,
): Promise<Details> {
  const client = signedInClient(account);
  const params = { reservationId: id };
  const [reservation, timeline] = await Promise.all([
    client.call("getReservation", { params, signal }),
    readTimeline(client, id, signal),
  ]);
  const hasEnded = TERMINAL.includes(reservation.state);
  const connection = hasEnded
    ? undefined
    : await connectionOf(reservation).catch((error: unknown) => {
        log.warn(`Could not read the SSH host of ${reservation.name}: ${failureText(error)}`);
        return undefined;
      });
  return { reservation, ...timeline, connection };
}
