import { commands, type LogOutputChannel, ProgressLocation, window } from "vscode";
import { userName } from "@gpu-dev/shared/names.ts";
import type { CommandHandler, CommandId } from "../core/commands.ts";
import type { Disposable } from "../core/emitter.ts";
import { Dismissed } from "../core/errors.ts";
import type { Account, AccountState } from "./account.ts";

type AccountCommand = Extract<CommandId, "gpuDev.signIn" | "gpuDev.signInAs" | "gpuDev.signOut">;

/** Sign In and Out; also keeps the context key `gpuDev.account`, which the views' welcome texts depend on. */
export function createAccountCommands(options: {
  readonly account: Account;
  readonly log: Pick<LogOutputChannel, "info">;
}): Disposable & { readonly handlers: Readonly<Record<AccountCommand, CommandHandler>> } {
  const { account, log } = options;
  setContext(account.state);
  const following = account.onDidChange((state) => {
    setContext(state);
    log.info(words(state));
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
        window.setStatusBarMessage("Signed out. Your reservations go on.", 5_000);
      },
    },
    dispose: () => {
      following.dispose();
    },
  };
}

async function signIn(account: Account, user?: string): Promise<void> {
  const { host } = new URL(account.server);
  const who = await window.withProgress(
    {
      location: ProgressLocation.Notification,
      title: `Signing in to ${host}`,
      cancellable: true,
    },
    async (_progress, cancellation) => {
      const stop = new AbortController();
      const listening = cancellation.onCancellationRequested(() => {
        stop.abort();
      });
      try {
        return await account.signIn({ user, signal: stop.signal });
      } finally {
        listening.dispose();
      }
    },
  );
  window.setStatusBarMessage(`Signed in to ${host} as ${who.user}.`, 5_000);
}

async function askUser(): Promise<string> {
  const answer = await window.showInputBox({
    title: "Sign in as another user",
    prompt: "The name of the user. Enter signs in, Escape changes nothing.",
    validateInput: (text) => {
      const parsed = userName.safeParse(text.trim());
      return parsed.success ? undefined : parsed.error.issues[0]?.message;
    },
  });
  if (answer === undefined) throw new Dismissed();
  return answer.trim();
}

function words(state: AccountState): string {
  if (state.kind === "signedIn") return `Signed in as ${state.who.user}.`;
  return state.kind === "signedOut" ? "Signed out." : "Looking for a stored sign-in.";
}

function setContext({ kind }: AccountState): void {
  void commands.executeCommand("setContext", "gpuDev.account", kind);
}

function offerSignIn(reason: string): void {
  void window.showWarningMessage(reason, "Sign In").then((chosen) => {
    if (chosen === "Sign In") void commands.executeCommand("gpuDev.signIn");
  });
}
