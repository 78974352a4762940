import { window } from "vscode";
import { enableInclude, readInclude, type UserConfig } from "@gpu-dev/client/ssh/userConfig.ts";
import { includeQuestion, includeWorks } from "./includeText.ts";

/** Whether ssh finds our hosts through this file by itself. A file that can't be understood counts as no. */
export async function hasInclude(config: UserConfig): Promise<boolean> {
  const state = await readInclude(config).catch(() => null);
  return state !== null && includeWorks(state, asInFile(config));
}

/**
 * Makes sure that Remote-SSH finds our hosts, with the user's consent. Refused, the file is as it was, and the next
 * Connect asks again: without the line it could not work.
 */
export async function ensureInclude(
  config: UserConfig,
  host: string,
): Promise<"works" | "refused" | "terminal"> {
  const state = await readInclude(config);
  if (includeWorks(state, asInFile(config))) return "works";
  // Refuses a file whose marker lines are in disorder, with the reason; there is nothing to ask first.
  if (state.kind === "malformed") await enableInclude(config);
  const { path: file, includePath } = config;
  const { message, detail, agree } = includeQuestion({ host, file, includePath, state });
  const chosen = await window.showInformationMessage(
    message,
    { modal: true, detail },
    { title: agree, answer: "works" as const },
    { title: "Open Terminal", answer: "terminal" as const },
    { title: "Not Now", answer: "refused" as const, isCloseAffordance: true },
  );
  if (chosen?.answer !== "works") return chosen?.answer ?? "refused";
  await enableInclude(config);
  return "works";
}

/** The file is read byte for byte, so a path is compared as its bytes. */
function asInFile({ includePath }: UserConfig): string {
  return Buffer.from(includePath, "utf8").toString("latin1");
}
