import { commands, type Disposable } from "vscode";
import { COMMAND_IDS, type CommandId } from "./commandIds.ts";
import { type Target, targetFrom } from "./target.ts";

export type CommandHandler = (target: Target | null) => Promise<unknown>;
export type CommandHandlers = Readonly<Record<CommandId, CommandHandler>>;

/** The one place that registers commands: each one that there is, and an error of any is shown, not thrown. */
export function registerCommands(
  handlers: CommandHandlers,
  showFailure: (error: unknown) => void,
): Disposable[] {
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
