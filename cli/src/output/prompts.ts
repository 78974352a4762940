import type * as Clack from "@clack/prompts";
import { CliError } from "./exitCodes.ts";

/** Loaded on the first question: most commands ask nothing and should start fast. */
export async function loadPrompts(): Promise<typeof Clack> {
  return import("@clack/prompts");
}

/**
 * The answer to a prompt. Ctrl-C or Escape ends the command with `cancelText`, before it changed
 * anything.
 */
export async function answered<T>(
  answer: Promise<T>,
  cancelText: string,
): Promise<Exclude<T, symbol>> {
  const value = await answer;
  if (typeof value === "symbol") throw new CliError("interrupted", cancelText);
  return value as Exclude<T, symbol>;
}

export async function askYesNo(
  message: string,
  cancelText: string,
  initialValue = true,
): Promise<boolean> {
  const { confirm } = await loadPrompts();
  return answered(confirm({ message, initialValue }), cancelText);
}
