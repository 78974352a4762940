import type { Target } from "../core/commands.ts";
import { readDetails } from "../details/readDetails.ts";
import type { ReservationCommandsOptions } from "./commandOptions.ts";
import type { Details } from "./documentText.ts";
import { pickReservation } from "./pickReservation.ts";
import { sendWithRetry } from "./sendWithRetry.ts";

/** The details of a command's target, or of a reservation that the user picks; with progress. */
export async function pickDetails(
  options: ReservationCommandsOptions,
  target: Target | undefined,
): Promise<Details> {
  const { live, now } = options;
  const { id, name } = await pickReservation({
    live,
    now,
    target,
    eligible: () => true,
    placeHolder: "Select the reservation to show",
    none: "You have no reservation to show. Reserve a GPU server first.",
  });
  return sendWithRetry(
    `Reading the details of ${name}`,
    (signal) => readDetails(options, id, signal),
    { cancellable: true },
  );
}
