import { Minute } from "@gpu-dev/shared/durations.ts";
import type { Event, Reservation } from "@gpu-dev/client/http/responses.ts";
import type { Account, AccountState } from "../account/account.ts";
import { createEmitter, type Disposable, type Emitter } from "../core/emitter.ts";
import { type Session, startSession } from "./session.ts";
import { createStateKeeper, type LiveChange, type LiveState } from "./stateKeeper.ts";

/**
 * One copy of the server's state for all views of a window, kept current through one event stream.
 */
export interface Live {
  readonly state: LiveState;
  readonly onDidChange: (listener: (change: LiveChange) => void) => Disposable;
  /**
   * Fires once for each event of the user's timeline as it arrives, but not for events before the
   * window opened.
   */
  readonly onEvent: (listener: (event: Event) => void) => Disposable;
  /** Re-reads everything. Throws a user-facing error. */
  refresh(): Promise<void>;
  /**
   * Applies the response to a write at once, before its event arrives. Older generations are
   * ignored.
   */
  put(reservation: Reservation): void;
  dispose(): void;
}

export interface LiveOptions {
  readonly account: Pick<Account, "state" | "onDidChange">;
  readonly now: () => Date;
  readonly log: { warn(message: string): void };
  /** Between 0 and 1. */
  readonly random: () => number;
  /**
   * How often reservations that ended more than a day ago are removed; once a minute by default.
   */
  readonly dropOldEveryMs?: number;
}

/** Follows the account, with one session for each sign-in. */
export function createLive(options: LiveOptions): Live {
  const { account, now, log, random } = options;
  const changes = createEmitter<LiveChange>();
  const events = createEmitter<Event>();
  const keeper = createStateKeeper({ now, onChange: fireSafely(changes, log) });
  const onEvent = fireSafely(events, log);
  let session: Session | undefined;
  const follow = (state: AccountState) => {
    session?.end();
    session = undefined;
    keeper.clear();
    if (state.kind !== "signedIn") return;
    session = startSession({ client: state.client, keeper, onEvent, log, random });
  };
  const subscription = account.onDidChange(follow);
  const timer = setInterval(() => {
    keeper.dropOld();
  }, options.dropOldEveryMs ?? Minute.ms);
  follow(account.state);
  return {
    get state() {
      return keeper.state();
    },
    onDidChange: (listener) => changes.on(listener),
    onEvent: (listener) => events.on(listener),
    refresh: async () => {
      if (session === undefined) throw new Error("You are not signed in. Sign in to continue.");
      await session.refresh();
    },
    put: (reservation) => {
      session?.put(reservation);
    },
    dispose: () => {
      clearInterval(timer);
      subscription.dispose();
      session?.end();
      session = undefined;
    },
  };
}

/** A listener that throws must not end the event stream of all listeners. */
function fireSafely<T>(emitter: Emitter<T>, log: LiveOptions["log"]): (value: T) => void {
  return (value) => {
    try {
      emitter.fire(value);
    } catch (error) {
      log.warn(`A change could not be shown: ${String(error)}`);
    }
  };
}
