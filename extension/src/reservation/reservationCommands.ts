import type { CommandHandler, CommandId } from "../core/commands.ts";
import { type Disposable, disposeAll } from "../core/emitter.ts";
import { createCancel } from "./cancel.ts";
import type { ReservationCommandsOptions } from "./commandOptions.ts";
import { createExtend } from "./extend.ts";
import { createShowDetails } from "./showDetails.ts";
import { createShowDetailsText } from "./showDetailsText.ts";
import { createShowLogs } from "./showLogs.ts";

type ReservationCommandId = Extract<
  CommandId,
  | "gpuDev.extend"
  | "gpuDev.cancel"
  | "gpuDev.showDetails"
  | "gpuDev.showDetailsText"
  | "gpuDev.showLogs"
>;

/** The commands that act on an existing reservation, and the documents that they open. */
export function createReservationCommands(
  options: ReservationCommandsOptions,
): Disposable & { readonly handlers: Readonly<Record<ReservationCommandId, CommandHandler>> } {
  const details = createShowDetails(options);
  const text = createShowDetailsText(options);
  const logs = createShowLogs(options);
  return {
    handlers: {
      "gpuDev.extend": createExtend(options),
      "gpuDev.cancel": createCancel(options),
      "gpuDev.showDetails": details.handler,
      "gpuDev.showDetailsText": text.handler,
      "gpuDev.showLogs": logs.handler,
    },
    ...disposeAll(details, text, logs),
  };
}
