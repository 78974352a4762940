import { window } from "vscode";
import { type Disposable, disposeAll } from "../core/emitter.ts";
import { type CommandHandler, DETAILS_VIEW } from "../core/commands.ts";
import type { DetailsPanels } from "../details/detailsPanels.ts";
import type { ReservationCommandsOptions } from "./commandOptions.ts";
import { pickDetails } from "./pickDetails.ts";

/** Shows the details view. Its code is loaded with the first one. */
export function createShowDetails(
  options: ReservationCommandsOptions,
): Disposable & { readonly handler: CommandHandler } {
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
      const details = await pickDetails(options, target);
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
