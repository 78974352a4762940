import { window } from "vscode";
import {
  enableInclude,
  isIncluded,
  readInclude,
  type UserConfig,
} from "@gpu-dev/client/ssh/userConfig.ts";
import { includeQuestion } from "./includeText.ts";

/**
 * Makes sure that Remote-SSH finds our hosts, with the user's consent. Refused, the file is as it was, and the next
 * Connect asks again: without the line it could not work.
 */
export async function ensureInclude(
  config: UserConfig,
  host: string,
): Promise<"works" | "refused" | "terminal"> {
  const state = await readInclude(config);
  if (isIncluded(config, state)) return "works";
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
