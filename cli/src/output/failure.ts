import { causesOf } from "@gpu-dev/shared/errors.ts";
import { ApiError, type LenientProblem } from "@gpu-dev/client/http/apiErrors.ts";
import { systemClock } from "@gpu-dev/client/clock.ts";
import { localTimes } from "@gpu-dev/client/text/times.ts";
import { CliError, EXIT_CODE_MEANINGS, type ExitName, exitNameFor } from "./exitCodes.ts";
import type { Output } from "./output.ts";

/** Prints an error on stderr: what happened, why and what next; with --json one problem object. */
export function reportFailure(output: Output, error: unknown): void {
  if (output.json) {
    output.errorLine(JSON.stringify(problemOf(error)));
    return;
  }
  const text = localTimes(messageOf(error), systemClock.now());
  if (error instanceof CliError && error.exit === "interrupted") {
    // The user's own Ctrl-C or "no" is not an error.
    output.errorLine(text);
    return;
  }
  const problem = error instanceof ApiError ? error.problem : undefined;
  // The detail of a refused value says all that its title says.
  const isValue = exitNameFor(error) === "usage";
  const hasTitle = problem !== undefined && problem.code !== "unauthenticated" && !isValue;
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

/** The status that the API would use, so that a script reads one kind of problem. */
const STATUSES: Readonly<Record<ExitName, number>> = {
  ok: 200,
  unexpected: 500,
  usage: 400,
  notSignedIn: 401,
  notFound: 404,
  refused: 409,
  unreachable: 503,
  reservationOver: 409,
  interrupted: 499,
};

function problemOf(error: unknown): Omit<LenientProblem, "requestId"> {
  if (error instanceof ApiError) return error.problem;
  const name = exitNameFor(error);
  const exit = name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return {
    type: "about:blank",
    title: `gpu-dev: ${EXIT_CODE_MEANINGS[name]}`,
    status: STATUSES[name],
    detail: messageOf(error),
    code: `cli_${exit}`,
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
