import pg from "pg";
import { Second } from "@gpu-dev/shared/durations.ts";
import type { UserId } from "@gpu-dev/shared/ids.ts";

const EVENTS_CHANNEL = "gpu_dev_events";
export const CHANGES_CHANNEL = "gpu_dev_changes";
const CONNECT_TIMEOUT_MS = 5 * Second.ms;
const RECONNECT_MS = Second.ms;
const QUERY_TIMEOUT_MS = 10 * Second.ms;
/** Keepalive probes detect a dead connection, instead of the system's default of two hours. */
const PROBE_AFTER_MS = 10 * Second.ms;

/** A change that has no event. `anything`: hints may have been missed while not connected. */
export type ChangeHint =
  | { readonly kind: "availability" }
  | { readonly kind: "waiting"; readonly ownerId: UserId }
  | { readonly kind: "anything" };

/** Prefix of a notification; the id of the owner follows. */
export const WAITING_PREFIX = "waiting/";

interface Listeners {
  /** There may be new events. */
  readonly onEvent: () => void;
  readonly onChange: (hint: ChangeHint) => void;
}

/**
 * Listens on one connection for new events and for changes that have no event. It reconnects
 * without a limit. The caller finds missed events by polling; after a reconnect everything else is
 * reported as changed.
 */
export function listenForEvents(
  options: Listeners & {
    readonly databaseUrl: string;
    readonly onError: (error: unknown) => void;
  },
): { stop(): Promise<void> } {
  let client: pg.Client | undefined;
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;

  const connect = async (): Promise<void> => {
    const created = newClient(options.databaseUrl);
    client = created;
    let isLost = false;
    const onLost = (error?: unknown): void => {
      if (isLost || isStopped) return;
      isLost = true;
      if (error !== undefined) options.onError(error);
      created.end().catch(() => undefined);
      timer = setTimeout(() => void connect(), RECONNECT_MS);
    };
    created.on("error", onLost);
    created.on("end", () => {
      onLost();
    });
    created.on("notification", (notification) => {
      notify(notification, options);
    });
    try {
      await created.connect();
      await created.query(`listen ${EVENTS_CHANNEL}; listen ${CHANGES_CHANNEL}`);
      options.onEvent();
      options.onChange({ kind: "anything" });
    } catch (error) {
      onLost(error);
    }
  };
  void connect();

  return {
    async stop() {
      isStopped = true;
      clearTimeout(timer);
      await client?.end().catch(() => undefined);
    },
  };
}

function newClient(databaseUrl: string): pg.Client {
  return new pg.Client({
    connectionString: databaseUrl,
    application_name: "gpu-dev-event-stream",
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: QUERY_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: PROBE_AFTER_MS,
  });
}

function notify(
  { channel, payload = "" }: pg.Notification,
  { onEvent, onChange }: Listeners,
): void {
  if (channel === EVENTS_CHANNEL) onEvent();
  const change = channel === CHANGES_CHANNEL ? parseChange(payload) : undefined;
  if (change) onChange(change);
}

/** Ignores payloads that this version does not know: a newer process may send them. */
function parseChange(payload: string): ChangeHint | undefined {
  if (payload === "availability") return { kind: "availability" };
  if (!payload.startsWith(WAITING_PREFIX)) return undefined;
  return { kind: "waiting", ownerId: payload.slice(WAITING_PREFIX.length) as UserId };
}
