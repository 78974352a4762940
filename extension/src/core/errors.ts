import type { LogOutputChannel } from "vscode";
import { ApiError } from "@gpu-dev/client/http/apiErrors.ts";

/** The user closed a prompt or pressed Cancel. Commands end silently on it. */
export class Dismissed extends Error {
  override readonly name = "Dismissed";

  constructor() {
    super("dismissed");
  }
}

/** Converts any thrown value to an `Error`. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

/** The user-facing message of an error. Errors of the server are prefixed with their title. */
export function failureText(error: unknown): string {
  if (error instanceof ApiError && error.code === "unauthenticated") {
    return "You are no longer signed in. Sign in to continue.";
  }
  if (error instanceof ApiError) return `${error.problem.title}. ${error.problem.detail}`;
  return asError(error).message;
}

export type ShowFailure = (error: unknown) => void;

/** Shows an error with a next step, and writes its whole chain of causes to the log. */
export function createShowFailure(options: {
  readonly log: Pick<LogOutputChannel, "error" | "show">;
  /**
   * `window.showErrorMessage`: shows a message with one button, and resolves with the button if it
   * was chosen.
   */
  readonly showErrorMessage: (message: string, button: string) => PromiseLike<string | undefined>;
  readonly signIn: () => void;
}): ShowFailure {
  const { log, showErrorMessage, signIn } = options;
  return (error) => {
    if (error instanceof Dismissed) return;
    log.error(asError(error));
    const isSignedOut = error instanceof ApiError && error.code === "unauthenticated";
    const action = isSignedOut ? "Sign In" : "Show Log";
    void showErrorMessage(failureText(error), action).then((chosen) => {
      if (chosen === "Sign In") signIn();
      if (chosen === "Show Log") log.show();
    });
  };
}
