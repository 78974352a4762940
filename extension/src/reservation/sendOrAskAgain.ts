import { ProgressLocation, window } from "vscode";
import { ConnectionError } from "@gpu-dev/client/http/apiErrors.ts";
import { Dismissed, failureText } from "../core/errors.ts";

/** What is answered this soon needs no progress: it would appear only to go. */
const QUIET_MS = 500;

/**
 * Sends with progress on show and, where no answer came, offers to send again: what `send` asks for must count
 * once, however often it arrives. Throws Dismissed where the user cancelled or gave up.
 */
export async function sendOrAskAgain<T>(
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
  const sent = send(abort.signal);
  if (await isSettledWithin(QUIET_MS, sent)) return await sent;
  const location = ProgressLocation.Notification;
  return await window.withProgress({ location, title, cancellable }, async (_progress, token) => {
    const listening = token.onCancellationRequested(() => {
      abort.abort();
    });
    try {
      return await sent;
    } catch (error) {
      if (abort.signal.aborted) throw new Dismissed();
      throw error;
    } finally {
      listening.dispose();
    }
  });
}

async function isSettledWithin(ms: number, work: Promise<unknown>): Promise<boolean> {
  const settled = work.then(
    () => true,
    () => true,
  );
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, ms, false);
  });
  try {
    return await Promise.race([settled, late]);
  } finally {
    clearTimeout(timer);
  }
}
