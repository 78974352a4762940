import { ProgressLocation, window } from "vscode";
import { ConnectionError } from "@gpu-dev/client/http/apiErrors.ts";
import { Second } from "@gpu-dev/shared/durations.ts";
import { Dismissed, failureText } from "../core/errors.ts";

/** Requests that complete within this time show no progress, which would only flicker. */
const PROGRESS_DELAY_MS = 0.5 * Second.ms;

/**
 * Sends a request with progress and offers to retry it while the server cannot be reached. `send`
 * must be idempotent, because a request whose response was lost is sent again. Throws Dismissed if
 * the user cancels or does not retry.
 */
export async function sendWithRetry<T>(
  title: string,
  send: (signal: AbortSignal) => Promise<T>,
  options: { readonly cancellable: boolean },
): Promise<T> {
  for (;;) {
    try {
      return await sendWithProgress(title, send, options.cancellable);
    } catch (error) {
      if (!(error instanceof ConnectionError)) throw error;
      const chosen = await window.showErrorMessage(failureText(error), "Try Again");
      if (chosen === undefined) throw new Dismissed();
    }
  }
}

async function sendWithProgress<T>(
  title: string,
  send: (signal: AbortSignal) => Promise<T>,
  cancellable: boolean,
): Promise<T> {
  const abort = new AbortController();
  const response = send(abort.signal);
  if (await isSettledWithin(PROGRESS_DELAY_MS, response)) return response;
  const location = ProgressLocation.Notification;
  return window.withProgress({ location, title, cancellable }, async (_progress, token) => {
    const subscription = token.onCancellationRequested(() => {
      abort.abort();
    });
    try {
      return await response;
    } catch (error) {
      if (abort.signal.aborted) throw new Dismissed();
      throw error;
    } finally {
      subscription.dispose();
    }
  });
}

async function isSettledWithin(ms: number, promise: Promise<unknown>): Promise<boolean> {
  const settled = promise.then(
    () => true,
    () => true,
  );
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, ms, false);
  });
  try {
    return await Promise.race([settled, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
