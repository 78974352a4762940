import { commands, type LogOutputChannel, ProgressLocation, window } from "vscode";
import { Second } from "@gpu-dev/shared/durations.ts";
import { NAME_PATTERN, NAME_RULE } from "@gpu-dev/shared/names.ts";
import type { CommandHandler, CommandId } from "../core/commands.ts";
import type { Disposable } from "../core/emitter.ts";
import { Dismissed } from "../core/errors.ts";
import type { Account, AccountState } from "./account.ts";

type AccountCommand = Extract<CommandId, "gpuDev.signIn" | "gpuDev.signInAs" | "gpuDev.signOut">;

/**
 * The sign-in commands. Also sets the context key `gpuDev.account`, on which the welcome views
 * depend.
 */
export function createAccountCommands(options: {
  readonly account: Account;
  readonly log: Pick<LogOutputChannel, "info">;
}): Disposable & { readonly handlers: Readonly<Record<AccountCommand, CommandHandler>> } {
  const { account, log } = options;
  setContext(account.state);
  const subscription = account.onDidChange((state) => {
    setContext(state);
    log.info(stateText(state));
    if (state.kind === "signedOut" && state.reason !== undefined) offerSignIn(state.reason);
  });
  return {
    handlers: {
      "gpuDev.signIn": () => signIn(account),
      "gpuDev.signInAs": async () => {
        await signIn(account, await askUser());
      },
      "gpuDev.signOut": async () => {
        await account.signOut();
        window.setStatusBarMessage(
          "Signed out. Your reservations keep running.",
          STATUS_MESSAGE_MS,
        );
      },
    },
    dispose: () => {
      subscription.dispose();
    },
  };
}

const STATUS_MESSAGE_MS = 5 * Second.ms;

async function signIn(account: Account, user?: string): Promise<void> {
  const { host } = new URL(account.server);
  const profile = await window.withProgress(
    {
      location: ProgressLocation.Notification,
      title: `Signing in to ${host}`,
      cancellable: true,
    },
    async (_progress, cancellation) => {
      const abort = new AbortController();
      const cancelling = cancellation.onCancellationRequested(() => {
        abort.abort();
      });
      try {
        return await account.signIn({ user, signal: abort.signal });
      } finally {
        cancelling.dispose();
      }
    },
  );
  window.setStatusBarMessage(`Signed in to ${host} as ${profile.user}.`, STATUS_MESSAGE_MS);
}

async function askUser(): Promise<string> {
  const answer = await window.showInputBox({
    title: "Sign In as Another User",
    prompt: "Enter the name of the user",
    validateInput: (text) => (NAME_PATTERN.test(text.trim()) ? undefined : NAME_RULE),
  });
  if (answer === undefined) throw new Dismissed();
  return answer.trim();
}

function stateText(state: AccountState): string {
  if (state.kind === "signedIn") return `Signed in as ${state.profile.user}.`;
  return state.kind === "signedOut" ? "Signed out." : "Reading the stored sign-in.";
}

function setContext({ kind }: AccountState): void {
  void commands.executeCommand("setContext", "gpuDev.account", kind);
}

function offerSignIn(reason: string): void {
  void window.showWarningMessage(reason, "Sign In").then((chosen) => {
    if (chosen === "Sign In") void commands.executeCommand("gpuDev.signIn");
  });
}
