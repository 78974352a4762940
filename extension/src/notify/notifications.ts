import { commands, window } from "vscode";
import type { Event } from "@gpu-dev/shared/api/events.ts";
import type { Account } from "../account/account.ts";
import type { Disposable } from "../core/emitter.ts";
import type { Settings } from "../core/settings.ts";
import type { Live } from "../live/liveState.ts";
import type { ClaimEvent } from "./eventClaims.ts";
import { createEventTeller } from "./eventTeller.ts";
import type { Notification } from "./notification.ts";

/** Tells of what happens to one's reservations, in one window. */
export function createNotifications(options: {
  readonly live: Live;
  readonly account: Pick<Account, "state">;
  readonly claim: ClaimEvent;
  readonly level: () => Settings["notifications"];
  readonly now: () => Date;
  readonly isToldHere?: (event: Event) => boolean;
}): Disposable {
  const { live, account, ...rest } = options;
  const teller = createEventTeller({
    ...rest,
    user: () => (account.state.kind === "signedIn" ? account.state.who.user : null),
    reservations: () => live.state.reservations ?? [],
    isFocused: () => window.state.focused,
    show,
  });
  const listening = live.onEvent((event: Event) => {
    teller.hear(event);
  });
  return {
    dispose: () => {
      listening.dispose();
      teller.dispose();
    },
  };
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
