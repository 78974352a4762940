import { createParser } from "eventsource-parser";

export interface StreamItem {
  readonly id: string | undefined;
  readonly event: string | undefined;
  readonly data: Record<string, unknown>;
}

/** A `changed` message of the stream. Hints are separate from events: they may come at any time. */
export interface Hint {
  readonly id: string | undefined;
  readonly what: readonly string[];
  /** When the hint arrived, by the monotonic clock of this process. */
  readonly at: number;
}

export interface EventReader {
  /** All messages that have arrived so far, except hints. */
  readonly items: readonly StreamItem[];
  readonly hints: readonly Hint[];
  readonly closed: () => boolean;
  close(): void;
}

/** Reads the stream with an independent SSE client, so that the tests do not rely on our own. */
export async function readEvents(
  url: string,
  token: string,
  lastEventId?: string,
): Promise<EventReader> {
  const abort = new AbortController();
  const response = await fetch(`${url}/v1/events`, {
    signal: abort.signal,
    headers: {
      authorization: `Bearer ${token}`,
      ...(lastEventId === undefined ? {} : { "last-event-id": lastEventId }),
    },
  });
  if (response.status !== 200 || !response.body)
    throw new Error(`GET /v1/events returned ${String(response.status)}.`);
  const items: StreamItem[] = [];
  const hints: Hint[] = [];
  let closed = false;
  const parser = createParser({
    onEvent: ({ id, event, data: text }) => {
      const data = JSON.parse(text) as Record<string, unknown>;
      if (event !== "changed") items.push({ id, event, data });
      else hints.push({ id, what: data["what"] as string[], at: performance.now() });
    },
  });
  const decoder = new TextDecoder();
  const read = async (body: ReadableStream<Uint8Array>): Promise<void> => {
    for await (const chunk of body) parser.feed(decoder.decode(chunk, { stream: true }));
  };
  void read(response.body)
    .catch(() => undefined)
    .finally(() => (closed = true));
  return {
    items,
    hints,
    closed: () => closed,
    close() {
      abort.abort();
    },
  };
}
