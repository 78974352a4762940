import type * as Clack from "@clack/prompts";
import { CliError } from "./exitCodes.ts";

/** Loaded only when something is asked: most commands ask nothing and should start fast. */
export async function loadPrompts(): Promise<typeof Clack> {
  return await import("@clack/prompts");
}

/** Ctrl-C or Escape in a prompt ends the command before anything happened. */
export async function answered<T>(
  answer: Promise<T>,
  nothing: string,
): Promise<Exclude<T, symbol>> {
  const value = await answer;
  if (typeof value === "symbol") throw new CliError("interrupted", nothing);
  return value as Exclude<T, symbol>;
}

export async function askYesNo(
  message: string,
  nothing: string,
  initialValue = true,
): Promise<boolean> {
  const { confirm } = await loadPrompts();
  return await answered(confirm({ message, initialValue }), nothing);
}
