import { ApiError } from "@gpu-dev/client/http/apiErrors.ts";
import type { LenientProblem } from "@gpu-dev/client/http/apiErrors.ts";
import { CliError, exitNameFor } from "./exitCodes.ts";
import type { Output } from "./output.ts";

/** Says an error on stderr: for people what, why and what next; with --json one problem object. */
export function reportFailure(output: Output, error: unknown): void {
  if (output.json) {
    output.errorLine(JSON.stringify(problemOf(error)));
    return;
  }
  const { problem } = error instanceof ApiError ? error : { problem: null };
  const text = error instanceof Error ? error.message : String(error);
  if (error instanceof CliError && error.exit === "interrupted") {
    // One's own Ctrl-C or "no" is no error.
    output.errorLine(text);
    return;
  }
  const hasTitle = problem !== null && problem.code !== "unauthenticated";
  const title = hasTitle ? `${problem.title}. ` : "";
  output.errorLine(`${output.style.red("error:")} ${title}${text}${hint(error)}`);
  for (const field of problem?.errors ?? []) {
    if (text.includes(field.message)) continue;
    const path = field.path.replace(/^(body|query|params)\.?/, "");
    output.errorLine(`  ${path === "" ? "request" : path}: ${field.message}`);
  }
  if (problem !== null && (problem.status >= 500 || output.verbose)) {
    output.errorLine(`  request ${problem.requestId} in the server's log`);
  }
  if (output.verbose && error instanceof Error) output.errorLine(causes(error));
}

function problemOf(error: unknown): LenientProblem {
  if (error instanceof ApiError) return error.problem;
  const detail = error instanceof Error ? error.message : String(error);
  const code = `cli_${exitNameFor(error).replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`;
  return { type: "about:blank", title: "gpu-dev failed", status: 0, detail, code, requestId: "" };
}

function hint(error: unknown): string {
  const isTold = error instanceof Error && error.message.includes("gpu-dev login");
  if (error instanceof ApiError && error.code === "unauthenticated" && !isTold) {
    return ' Sign in with "gpu-dev login".';
  }
  return "";
}

function causes(error: Error): string {
  const lines: string[] = [];
  for (let current: unknown = error; current instanceof Error; current = current.cause) {
    lines.push(
      `  ${current instanceof CliError ? current.message : (current.stack ?? current.message)}`,
    );
  }
  return lines.join("\n");
}
