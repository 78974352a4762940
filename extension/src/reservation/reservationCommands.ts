import type { LogOutputChannel } from "vscode";
import type { Reservation } from "@gpu-dev/shared/api/reservation.ts";
import type { Account } from "../account/account.ts";
import type { CommandId } from "../core/commands.ts";
import type { Disposable } from "../core/emitter.ts";
import type { CommandHandler } from "../core/commands.ts";
import type { Live } from "../live/liveState.ts";
import { createCancel } from "./cancel.ts";
import type { Connection } from "./detailsText.ts";
import { createExtend } from "./extend.ts";
import { createShowDetails } from "./showDetails.ts";
import { createShowLogs } from "./showLogs.ts";

export interface ReservationCommandsOptions {
  readonly account: Account;
  readonly live: Live;
  readonly now: () => Date;
  readonly log: Pick<LogOutputChannel, "warn">;
  /** How one reaches it from this machine; null where it is not ready, or has no host here. */
  readonly connectionOf: (reservation: Reservation) => Promise<Connection | null>;
}

type OwnCommandId = Extract<
  CommandId,
  "gpuDev.extend" | "gpuDev.cancel" | "gpuDev.showDetails" | "gpuDev.showLogs"
>;

/** What one does with a reservation that there is. The documents that it shows are its own until it is disposed. */
export function createReservationCommands(
  options: ReservationCommandsOptions,
): Disposable & { readonly handlers: Readonly<Record<OwnCommandId, CommandHandler>> } {
  const details = createShowDetails(options);
  const logs = createShowLogs(options);
  return {
    handlers: {
      "gpuDev.extend": createExtend(options),
      "gpuDev.cancel": createCancel(options),
      "gpuDev.showDetails": details.handler,
      "gpuDev.showLogs": logs.handler,
    },
    dispose: () => {
      details.dispose();
      logs.dispose();
    },
  };
}
