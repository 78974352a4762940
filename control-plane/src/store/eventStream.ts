import type { UserId } from "@gpu-dev/shared/ids.ts";
import pg from "pg";

const EVENTS_CHANNEL = "gpu_dev_events";
export const CHANGES_CHANNEL = "gpu_dev_changes";
const RECONNECT_MS = 1_000;
/** A connection that died without a word is found by the system's own probes, not after two hours. */
const PROBE_AFTER_MS = 10_000;

/** Something changed that has no event. `anything`: hints may have been missed while nobody listened. */
export type ChangeHint =
  | { readonly what: "availability" }
  | { readonly what: "waiting"; readonly ownerId: UserId }
  | { readonly what: "anything" };

/** What follows it in a notification is the owner of the rows. */
export const WAITING_PREFIX = "waiting/";

interface Hearers {
  readonly onHint: () => void;
  readonly onChange: (hint: ChangeHint) => void;
}

/**
 * One connection that listens for new events and calls `onHint` for each, and `onChange` for what has no event.
 * It connects again by itself for ever; events missed meanwhile are found by the listener's own polling, and
 * everything else is told as changed.
 */
export function listenForEvents(
  options: Hearers & {
    readonly databaseUrl: string;
    readonly onError: (error: unknown) => void;
  },
): { stop(): Promise<void> } {
  let client: pg.Client | undefined;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  const connect = async (): Promise<void> => {
    const fresh = newClient(options.databaseUrl);
    client = fresh;
    let lost = false;
    const onLost = (error?: unknown): void => {
      if (lost || stopped) return;
      lost = true;
      if (error !== undefined) options.onError(error);
      fresh.end().catch(() => undefined);
      timer = setTimeout(() => void connect(), RECONNECT_MS);
    };
    fresh.on("error", onLost);
    fresh.on("end", () => {
      onLost();
    });
    fresh.on("notification", (notification) => {
      passOn(notification, options);
    });
    try {
      await fresh.connect();
      await fresh.query(`listen ${EVENTS_CHANNEL}; listen ${CHANGES_CHANNEL}`);
      options.onHint();
      options.onChange({ what: "anything" });
    } catch (error) {
      onLost(error);
    }
  };
  void connect();

  return {
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await client?.end().catch(() => undefined);
    },
  };
}

function newClient(databaseUrl: string): pg.Client {
  return new pg.Client({
    connectionString: databaseUrl,
    application_name: "gpu-dev-event-stream",
    connectionTimeoutMillis: 5_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: PROBE_AFTER_MS,
  });
}

function passOn({ channel, payload = "" }: pg.Notification, { onHint, onChange }: Hearers): void {
  if (channel === EVENTS_CHANNEL) onHint();
  const change = channel === CHANGES_CHANNEL ? parseChange(payload) : undefined;
  if (change) onChange(change);
}

/** A newer process may send words that this one does not know. */
function parseChange(payload: string): ChangeHint | undefined {
  if (payload === "availability") return { what: "availability" };
  if (!payload.startsWith(WAITING_PREFIX)) return undefined;
  return { what: "waiting", ownerId: payload.slice(WAITING_PREFIX.length) as UserId };
}
