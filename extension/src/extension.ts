import { type ExtensionContext, window, workspace } from "vscode";
import { systemClock } from "@gpu-dev/client/clock.ts";
import { composeExtension } from "./composition.ts";
import type { Disposable } from "./core/emitter.ts";
import { createLogTail, tailedLog } from "./report/reportLog.ts";

/**
 * Called by the editor after its start. Builds all parts without a request: the first one is sent
 * when the secret storage shows that a user is signed in.
 */
export function activate(context: ExtensionContext): void {
  const { now } = systemClock;
  const channel = window.createOutputChannel("GPU Dev Servers", { log: true });
  const tail = createLogTail({ now });
  const log = tailedLog(channel, tail);
  let parts: Disposable = composeExtension({ context, log, tail, now });
  context.subscriptions.push(
    channel,
    {
      dispose: () => {
        parts.dispose();
      },
    },
    workspace.onDidChangeConfiguration((change) => {
      // Another server has another account and other reservations, so all parts are rebuilt.
      if (!change.affectsConfiguration("gpuDev.server")) return;
      parts.dispose();
      parts = composeExtension({ context, log, tail, now });
    }),
  );
}
