import pg from "pg";

const CHANNEL = "gpu_dev_events";
const RECONNECT_MS = 1_000;

/**
 * One connection that listens for new events and calls `onHint` for each. It connects again by itself for ever;
 * what it misses meanwhile is found by the listener's own polling.
 */
export function listenForEvents(options: {
  readonly databaseUrl: string;
  readonly onHint: () => void;
  readonly onError: (error: unknown) => void;
}): { stop(): Promise<void> } {
  let client: pg.Client | undefined;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  const connect = async (): Promise<void> => {
    const fresh = new pg.Client({
      connectionString: options.databaseUrl,
      application_name: "gpu-dev-event-stream",
      connectionTimeoutMillis: 5_000,
      keepAlive: true,
    });
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
    fresh.on("notification", options.onHint);
    try {
      await fresh.connect();
      await fresh.query(`listen ${CHANNEL}`);
      options.onHint();
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
