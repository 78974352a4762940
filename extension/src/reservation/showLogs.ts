import { signedInClient } from "../account/account.ts";
import type { CommandHandler } from "../core/commands.ts";
import type { Disposable } from "../core/emitter.ts";
import type { ReservationCommandsOptions } from "./commandOptions.ts";
import { logsText } from "./documentText.ts";
import { pickReservation } from "./pickReservation.ts";
import { sendWithRetry } from "./sendWithRetry.ts";
import { createVirtualText } from "./virtualText.ts";

const TAIL_LINES = 500;

/**
 * Shows the newest output of a container. Running it again re-reads the output into the same
 * document.
 */
export function createShowLogs({
  account,
  live,
  now,
}: ReservationCommandsOptions): Disposable & { readonly handler: CommandHandler } {
  const documents = createVirtualText("gpu-dev-logs");
  return {
    dispose: () => {
      documents.dispose();
    },
    handler: async (target) => {
      const reservation = await pickReservation({
        live,
        now,
        target,
        eligible: () => true,
        placeHolder: "Select the reservation whose log to show",
        none: "You have no reservation whose log can be shown. Reserve a GPU server first.",
      });
      const { id, name } = reservation;
      const client = signedInClient(account);
      const logs = await sendWithRetry(
        `Reading the log of ${name}`,
        (signal) =>
          client.call("getReservationLogs", {
            params: { reservationId: id },
            query: { tail: TAIL_LINES },
            signal,
          }),
        { cancellable: true },
      );
      const text = logsText(reservation, logs, now());
      await documents.show({ path: `/${name}.log`, id, text }, "end");
    },
  };
}
