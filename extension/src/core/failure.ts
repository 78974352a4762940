import { type LogOutputChannel, window } from "vscode";
import { ApiError } from "@gpu-dev/client/http/apiErrors.ts";
import { Dismissed, failureText } from "./failureText.ts";

export type ShowFailure = (error: unknown) => void;

/** Shows a failure with a way on, and writes the whole chain of causes to the log. */
export function createShowFailure(options: {
  readonly log: LogOutputChannel;
  readonly signIn: () => void;
}): ShowFailure {
  const { log, signIn } = options;
  return (error) => {
    if (error instanceof Dismissed) return;
    log.error(error instanceof Error ? error : String(error));
    const isSignedOut = error instanceof ApiError && error.code === "unauthenticated";
    const action = isSignedOut ? "Sign In" : "Show Log";
    void window.showErrorMessage(failureText(error), action).then((chosen) => {
      if (chosen === "Sign In") signIn();
      if (chosen === "Show Log") log.show();
    });
  };
}
