import type * as vscode from "vscode";
import type { ReservationId } from "@gpu-dev/shared/ids.ts";
import type { Disposable } from "./emitter.ts";

/** All commands, as declared in package.json. A test compares the two lists. */
export const COMMAND_IDS = [
  "gpuDev.signIn",
  "gpuDev.signInAs",
  "gpuDev.signOut",
  "gpuDev.reserve",
  "gpuDev.connect",
  "gpuDev.connectNewWindow",
  "gpuDev.openTerminal",
  "gpuDev.copySshCommand",
  "gpuDev.extend",
  "gpuDev.cancel",
  "gpuDev.showDetails",
  "gpuDev.showDetailsText",
  "gpuDev.showLogs",
  "gpuDev.refresh",
  "gpuDev.openSettings",
  "gpuDev.showOutput",
  "gpuDev.reportProblem",
] as const;
export type CommandId = (typeof COMMAND_IDS)[number];

export const VIEW_IDS = ["gpuDev.reservations", "gpuDev.availability", "gpuDev.disks"] as const;
export type ViewId = (typeof VIEW_IDS)[number];

/** The type of the details views. The editor activates the extension to restore them. */
export const DETAILS_VIEW = "gpuDev.details";

/** Keys for `when` clauses. `gpuDev.account` is "unknown", "signedOut" or "signedIn". */
export const CONTEXT_KEYS = [
  "gpuDev.account",
  "gpuDev.loaded",
  "gpuDev.walkthrough.signedIn",
  "gpuDev.walkthrough.reserved",
  "gpuDev.walkthrough.ended",
] as const;
export type ContextKey = (typeof CONTEXT_KEYS)[number];

/** The object that a command acts on, as rows, notifications and links pass it. */
export type Target =
  | { readonly kind: "reservation"; readonly id: ReservationId }
  | { readonly kind: "gpuType"; readonly gpuType: string; readonly gpus?: number }
  | { readonly kind: "disk"; readonly name: string };

export type CommandHandler = (target: Target | undefined) => Promise<unknown>;
export type CommandHandlers = Readonly<Record<CommandId, CommandHandler>>;

/** Registers every command; nothing else does. The error of a command is shown, not thrown. */
export function registerCommands(options: {
  readonly commands: Pick<typeof vscode.commands, "registerCommand">;
  readonly handlers: CommandHandlers;
  readonly showFailure: (error: unknown) => void;
}): Disposable[] {
  const { commands, handlers, showFailure } = options;
  return COMMAND_IDS.map((id) =>
    commands.registerCommand(id, async (argument: unknown) => {
      try {
        return await handlers[id](targetFrom(argument));
      } catch (error) {
        showFailure(error);
        return undefined;
      }
    }),
  );
}

/**
 * Reads the argument of a command: a row of our views, a target, or anything else. The palette
 * passes nothing.
 */
export function targetFrom(argument: unknown): Target | undefined {
  if (typeof argument !== "object" || argument === null) return undefined;
  const candidate = "target" in argument ? argument.target : argument;
  if (typeof candidate !== "object" || candidate === null || !("kind" in candidate))
    return undefined;
  return ["reservation", "gpuType", "disk"].includes(String(candidate.kind))
    ? (candidate as Target)
    : undefined;
}
