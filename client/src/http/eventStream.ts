import * as z from "zod";
import { createParser, type EventSourceMessage } from "eventsource-parser";
import {
  CHANGED_EVENT,
  CHANGE_TOPICS,
  changedData,
  type ChangeTopic,
  event as eventSchema,
  RESYNC_EVENT,
} from "@gpu-dev/shared/api/events.ts";
import { routes } from "@gpu-dev/shared/api/routes.ts";
import { Second } from "@gpu-dev/shared/durations.ts";
import { type ReservationId, reservationId } from "@gpu-dev/shared/ids.ts";
import type { Event } from "./responses.ts";
import { withoutNull } from "../absence.ts";
import { pause } from "../clock.ts";
import { ApiError, ConnectionError } from "./apiErrors.ts";
import { backoffMs, STREAM_BACKOFF } from "./backoff.ts";
import { lenientParse } from "./lenientParse.ts";
import { connectionFailure, parseJson, send, type TransportOptions } from "./transport.ts";

/**
 * `open` and `lost` report whether the stream is connected. `resync` means that events were pruned:
 * re-read everything. `changed` names data without events to re-read; a client that displays it
 * first waits for a random part of a second, because every client receives the hint at the same
 * time. `unreadable` is an event that this version does not understand; the reservation that it
 * names may have changed.
 */
export type StreamItem =
  | { readonly kind: "open" }
  | { readonly kind: "event"; readonly event: Event }
  | { readonly kind: "resync" }
  | { readonly kind: "changed"; readonly topics: readonly ChangeTopic[] }
  | { readonly kind: "unreadable"; readonly reservationId: ReservationId }
  | { readonly kind: "lost"; readonly error: Error };

export interface EventsOptions {
  /** Resume after this event; without it, the stream starts with the next event. */
  readonly lastEventId?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /**
   * The server sends a comment every 15 s; silence for longer than this means a dead connection.
   */
  readonly silenceMs?: number | undefined;
}

const eventSubject = z.object({ reservationId });
const SILENCE_MS = 45 * Second.ms;
const MAX_EVENT_BYTES = 1_000_000;

/**
 * Ends when the signal aborts; throws only errors that a reconnection cannot recover (signed out,
 * refused).
 */
export async function* streamEvents(
  transport: TransportOptions,
  options: EventsOptions,
): AsyncGenerator<StreamItem, void, undefined> {
  const cursor = { lastEventId: options.lastEventId };
  let failures = 0;
  let renewed = false;
  while (!isStopped(options)) {
    const token = transport.token?.();
    try {
      for await (const item of streamOnce(transport, options, cursor)) {
        if (item.kind !== "open") {
          failures = 0;
          renewed = false;
        }
        yield item;
      }
      yield { kind: "lost", error: new ConnectionError(transport.baseUrl, "the stream ended") };
    } catch (error) {
      if (isStopped(options)) return;
      if (error instanceof ApiError && error.status < 500 && error.status !== 429) {
        const mayRenew = error.status === 401 && !renewed;
        if (!mayRenew || (await transport.renew?.(token)) !== true) throw error;
        renewed = true;
        continue;
      }
      yield { kind: "lost", error: error instanceof Error ? error : new Error(String(error)) };
    }
    const wait = backoffMs(STREAM_BACKOFF, failures, transport.random ?? Math.random);
    failures += 1;
    await pause(wait, options.signal);
  }
}

function isStopped(options: EventsOptions): boolean {
  return options.signal?.aborted === true;
}

async function* streamOnce(
  transport: TransportOptions,
  options: EventsOptions,
  cursor: { lastEventId: string | undefined },
): AsyncGenerator<StreamItem, void, undefined> {
  const silence = new AbortController();
  const signals = [silence.signal, options.signal].filter((signal) => signal !== undefined);
  const watchdog = startWatchdog(options.silenceMs ?? SILENCE_MS, silence);
  const request = {
    method: "GET",
    path: routes.streamEvents.path,
    headers: {
      accept: "text/event-stream",
      ...(cursor.lastEventId === undefined ? {} : { "last-event-id": cursor.lastEventId }),
    },
    signal: AbortSignal.any(signals),
  };
  try {
    const response = await send(transport, request);
    yield { kind: "open" };
    if (response.body === null) return;
    yield* readItems(response.body, cursor, watchdog.heard);
  } catch (error) {
    if (silence.signal.aborted) {
      throw new ConnectionError(transport.baseUrl, "the event stream was silent for too long", {
        cause: error,
      });
    }
    throw error instanceof ApiError || error instanceof ConnectionError
      ? error
      : connectionFailure(transport.baseUrl, error, { ...request, signal: options.signal });
  } finally {
    watchdog.stop();
    silence.abort();
  }
}

async function* readItems(
  body: ReadableStream<Uint8Array>,
  cursor: { lastEventId: string | undefined },
  heard: () => void,
): AsyncGenerator<StreamItem, void, undefined> {
  const ready: StreamItem[] = [];
  const parser = createParser({
    maxBufferSize: MAX_EVENT_BYTES,
    onId: (id) => {
      cursor.lastEventId = id === "" ? undefined : id;
    },
    onEvent: (message) => {
      const item = itemOf(message);
      if (item !== undefined) ready.push(item);
    },
  });
  const decoder = new TextDecoder();
  for await (const chunk of body) {
    heard();
    parser.feed(decoder.decode(chunk, { stream: true }));
    yield* ready.splice(0);
  }
}

function itemOf(message: EventSourceMessage): StreamItem | undefined {
  if (message.event === RESYNC_EVENT) return { kind: "resync" };
  if (message.event === CHANGED_EVENT) return changedOf(message.data);
  const parsed = lenientParse(eventSchema, parseJson(message.data), { openEnums: false });
  if (parsed.ok) return { kind: "event", event: withoutNull(parsed.value) };
  const about = eventSubject.safeParse(parseJson(message.data));
  return about.success
    ? { kind: "unreadable", reservationId: about.data.reservationId }
    : undefined;
}

function changedOf(text: string): StreamItem | undefined {
  const parsed = changedData.safeParse(parseJson(text));
  if (!parsed.success) return undefined;
  const topics = CHANGE_TOPICS.filter((word) => parsed.data.what.includes(word));
  return topics.length === 0 ? undefined : { kind: "changed", topics };
}

function startWatchdog(silenceMs: number, silence: AbortController) {
  const abortSilentStream = () => {
    silence.abort();
  };
  let timer = setTimeout(abortSilentStream, silenceMs);
  return {
    heard: () => {
      clearTimeout(timer);
      timer = setTimeout(abortSilentStream, silenceMs);
    },
    stop: () => {
      clearTimeout(timer);
    },
  };
}
