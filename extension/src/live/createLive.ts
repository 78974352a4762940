import type { Event } from "@gpu-dev/shared/api/events.ts";
import { Minute } from "@gpu-dev/shared/durations.ts";
import type { Account, AccountState } from "../account/account.ts";
import { createEmitter, type Emitter } from "../core/emitter.ts";
import { StateKeeper } from "./keepState.ts";
import type { Live, LiveChange } from "./liveState.ts";
import { Session } from "./session.ts";

export interface LiveOptions {
  readonly account: Pick<Account, "state" | "onDidChange">;
  readonly now: () => Date;
  readonly log: { warn(message: string): void };
  /** Between 0 and 1. */
  readonly random: () => number;
  /** How often it is looked for what ended too long ago to be shown; left out: once a minute. */
  readonly dropOldEveryMs?: number;
}

/** Follows the account: a session with the server for each time that somebody is signed in. */
export function createLive(options: LiveOptions): Live {
  const { account, now, log, random } = options;
  const changes = createEmitter<LiveChange>();
  const events = createEmitter<Event>();
  const keeper = new StateKeeper({ now, tell: safely(changes, log) });
  const tellEvent = safely(events, log);
  let session: Session | null = null;
  const follow = (state: AccountState) => {
    session?.end();
    session = null;
    keeper.clear();
    if (state.kind !== "signedIn") return;
    session = new Session({ client: state.client, keeper, tellEvent, log, random });
  };
  const watch = account.onDidChange(follow);
  const timer = setInterval(() => {
    keeper.dropOld();
  }, options.dropOldEveryMs ?? Minute.ms);
  follow(account.state);
  return {
    get state() {
      return keeper.state;
    },
    onDidChange: (listener) => changes.on(listener),
    onEvent: (listener) => events.on(listener),
    refresh: async () => {
      if (session === null) throw new Error("You are not signed in. Sign in to go on.");
      await session.refresh();
    },
    put: (reservation) => {
      session?.put(reservation);
    },
    dispose: () => {
      clearInterval(timer);
      watch.dispose();
      session?.end();
      session = null;
    },
  };
}

/** One view that fails must not end the stream of all. */
function safely<T>(emitter: Emitter<T>, log: LiveOptions["log"]): (news: T) => void {
  return (news) => {
    try {
      emitter.fire(news);
    } catch (error) {
      log.warn(`A change could not be shown: ${String(error)}`);
    }
  };
}
