import { commands, window } from "vscode";
import type { Event } from "@gpu-dev/client/http/responses.ts";
import type { Account } from "../account/account.ts";
import { type Disposable, disposeAll } from "../core/emitter.ts";
import type { Settings } from "../core/settings.ts";
import type { Live } from "../live/live.ts";
import type { ClaimEvent } from "./eventClaims.ts";
import type { Notification } from "./notification.ts";
import { createNotificationDispatcher } from "./notificationDispatcher.ts";

/** Notifies the user in this window of events of their reservations. */
export function createNotifications(options: {
  readonly live: Live;
  readonly account: Pick<Account, "state">;
  readonly claim: ClaimEvent;
  readonly level: () => Settings["notifications"];
  readonly now: () => Date;
  readonly isShownElsewhere?: (event: Event) => boolean;
}): Disposable {
  const { live, account, ...rest } = options;
  const dispatcher = createNotificationDispatcher({
    ...rest,
    user: () => (account.state.kind === "signedIn" ? account.state.profile.user : undefined),
    reservations: () => live.state.reservations ?? [],
    isFocused: () => window.state.focused,
    show,
  });
  const subscription = live.onEvent((event: Event) => {
    dispatcher.onEvent(event);
  });
  return disposeAll(subscription, dispatcher);
}

function show({ text, severity, buttons }: Notification): void {
  const titles = buttons.map(({ title }) => title);
  void SHOW[severity](text, ...titles).then((chosen) => {
    const button = buttons.find(({ title }) => title === chosen);
    if (button) void commands.executeCommand(button.command, button.target);
  });
}

const SHOW = {
  info: (text: string, ...titles: string[]) => window.showInformationMessage(text, ...titles),
  warning: (text: string, ...titles: string[]) => window.showWarningMessage(text, ...titles),
  error: (text: string, ...titles: string[]) => window.showErrorMessage(text, ...titles),
} as const;
