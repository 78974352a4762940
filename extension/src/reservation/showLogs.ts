import type { Disposable } from "../core/emitter.ts";
import type { CommandHandler } from "../core/commands.ts";
import { logsText } from "./logsText.ts";
import { pickReservation } from "./pickReservation.ts";
import type { ReservationCommandsOptions } from "./reservationCommands.ts";
import { sendOrAskAgain } from "./sendOrAskAgain.ts";
import { signedInClient } from "./signedIn.ts";
import { createVirtualText } from "./virtualText.ts";

const TAIL_LINES = 500;

/** Shows the newest lines of a server's container; run again, it reads them anew into the same document. */
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
        placeHolder: "Whose log to show",
        none: "You have no reservation whose log could be shown. Reserve a server first.",
      });
      const { id, name } = reservation;
      const client = signedInClient(account);
      const logs = await sendOrAskAgain(
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
