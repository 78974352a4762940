import { causesOf } from "@gpu-dev/shared/errors.ts";
import { ApiError, type LenientProblem } from "@gpu-dev/client/http/apiErrors.ts";
import { CliError, exitNameFor } from "./exitCodes.ts";
import type { Output } from "./output.ts";

/** Prints an error on stderr: what happened, why and what next; with --json one problem object. */
export function reportFailure(output: Output, error: unknown): void {
  if (output.json) {
    output.errorLine(JSON.stringify(problemOf(error)));
    return;
  }
  const text = messageOf(error);
  if (error instanceof CliError && error.exit === "interrupted") {
    // The user's own Ctrl-C or "no" is not an error.
    output.errorLine(text);
    return;
  }
  const problem = error instanceof ApiError ? error.problem : undefined;
  const hasTitle = problem !== undefined && problem.code !== "unauthenticated";
  const title = hasTitle ? `${problem.title}. ` : "";
  output.errorLine(`${output.style.red("error:")} ${title}${text}${hintFor(error)}`);
  for (const field of problem?.errors ?? []) {
    if (text.includes(field.message)) continue;
    const path = field.path.replace(/^(body|query|params)\.?/, "");
    output.errorLine(`  ${path === "" ? "request" : path}: ${field.message}`);
  }
  if (problem !== undefined && (problem.status >= 500 || output.verbose)) {
    output.errorLine(`  request ${problem.requestId} in the server's log`);
  }
  if (!output.verbose) return;
  for (const cause of causesOf(error)) output.errorLine(`  ${traceOf(cause)}`);
}

function problemOf(error: unknown): LenientProblem {
  if (error instanceof ApiError) return error.problem;
  const exit = exitNameFor(error).replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return {
    type: "about:blank",
    title: "gpu-dev failed",
    status: 0,
    detail: messageOf(error),
    code: `cli_${exit}`,
    requestId: "",
  };
}

function hintFor(error: unknown): string {
  const needsHint =
    error instanceof ApiError &&
    error.code === "unauthenticated" &&
    !error.message.includes("gpu-dev login");
  return needsHint ? ' Sign in with "gpu-dev login".' : "";
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function traceOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  return cause instanceof CliError ? cause.message : (cause.stack ?? cause.message);
}
