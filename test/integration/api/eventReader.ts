import { createParser } from "eventsource-parser";

export interface StreamItem {
  readonly id: string | undefined;
  readonly event: string | undefined;
  readonly data: Record<string, unknown>;
}

/** A `changed` of the stream, apart from its events: hints come and go whenever they like. */
export interface Hint {
  readonly id: string | undefined;
  readonly what: readonly string[];
  /** When it arrived, by this machine's steady clock. */
  readonly at: number;
}

export interface EventReader {
  /** Everything but hints that has arrived so far. */
  readonly items: readonly StreamItem[];
  readonly hints: readonly Hint[];
  readonly closed: () => boolean;
  close(): void;
}

/** An SSE client of its own, so that nothing of ours judges what we send. */
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
    throw new Error(`status ${String(response.status)}`);
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
  const pump = async (body: ReadableStream<Uint8Array>): Promise<void> => {
    for await (const chunk of body) parser.feed(decoder.decode(chunk, { stream: true }));
  };
  void pump(response.body)
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
