import { window } from "vscode";
import { type Disposable, disposeAll } from "../core/emitter.ts";
import { type CommandHandler, DETAILS_VIEW } from "../core/commands.ts";
import type { DetailsPanels } from "../details/detailsPanels.ts";
import { readDetails } from "../details/readDetails.ts";
import type { ReservationCommandsOptions } from "./commandOptions.ts";
import { pickReservation } from "./pickReservation.ts";
import { sendWithRetry } from "./sendWithRetry.ts";

/** Shows the details view. Its code is loaded with the first one. */
export function createShowDetails(
  options: ReservationCommandsOptions,
): Disposable & { readonly handler: CommandHandler } {
  const { live, now } = options;
  let loading: Promise<DetailsPanels> | undefined;
  const load = async () => {
    const { createDetailsPanels } = await import("../details/detailsPanels.ts");
    return createDetailsPanels(options);
  };
  const panels = () => (loading ??= load());
  const serializer = window.registerWebviewPanelSerializer(DETAILS_VIEW, {
    deserializeWebviewPanel: async (panel, state) => (await panels()).restore(panel, state),
  });
  return {
    handler: async (target) => {
      const { id, name } = await pickReservation({
        live,
        now,
        target,
        eligible: () => true,
        placeHolder: "Select the reservation to show",
        none: "You have no reservation to show. Reserve a GPU server first.",
      });
      const details = await sendWithRetry(
        `Reading the details of ${name}`,
        (signal) => readDetails(options, id, signal),
        { cancellable: true },
      );
      await (await panels()).show(details);
    },
    ...disposeAll(serializer, {
      dispose: () => {
        void loading?.then((loaded) => {
          loaded.dispose();
        });
      },
    }),
  };
}
