import { Second } from "@gpu-dev/shared/durations.ts";
import type { ReservationId } from "@gpu-dev/shared/ids.ts";
import type { ApiClient } from "@gpu-dev/client/http/apiClient.ts";
import { ApiError } from "@gpu-dev/client/http/apiErrors.ts";
import { pause } from "@gpu-dev/client/clock.ts";
import { backoffMs, STREAM_BACKOFF } from "@gpu-dev/client/http/backoff.ts";
import type { Event, Reservation } from "@gpu-dev/client/http/responses.ts";
import { listReservations } from "@gpu-dev/client/reservations.ts";
import type { StreamItem } from "@gpu-dev/client/http/eventStream.ts";
import { asError } from "../core/errors.ts";
import { readDisks, readEverything } from "./readServer.ts";
import { createRereadQueue, type RereadQueue } from "./rereadQueue.ts";
import { missingFrom } from "./reservationList.ts";
import type { StateKeeper } from "./stateKeeper.ts";

/** One change produces several events, which arrive together. */
const EVENT_DELAY_MS = 50;
/**
 * All clients receive a hint, or lose the server, at the same moment; the jitter spreads their
 * requests.
 */
const CHANGED_JITTER_MS = 0.5 * Second.ms;
const RETURN_JITTER_MS = Second.ms;

type Key = "everything" | "live" | "availability" | "disks" | ReservationId;

export interface SessionOptions {
  readonly client: ApiClient;
  readonly keeper: StateKeeper;
  readonly onEvent: (event: Event) => void;
  readonly log: { warn(message: string): void };
  readonly random: () => number;
}

export interface Session {
  /** Re-reads everything; throws if a part could not be read. */
  refresh(): Promise<void>;
  /** Applies the response to a write. */
  put(reservation: Reservation): void;
  /** Stops following the server; later responses are dropped. */
  end(): void;
}

interface SessionState extends SessionOptions {
  readonly signal: AbortSignal;
  readonly queue: RereadQueue<Key>;
  /** For each full read in progress, the reservations that changed since it started. */
  readonly readings: Set<Set<string>>;
  isStreamOpen: boolean;
  failures: number;
  lastEventId: string | undefined;
}

/**
 * Follows the server for one sign-in. Events, hints and responses to writes only decide what to
 * read: the shown state always comes from a read.
 */
export function startSession(options: SessionOptions): Session {
  const abort = new AbortController();
  const session: SessionState = {
    ...options,
    signal: abort.signal,
    queue: createRereadQueue({ read: (key) => reread(session, key) }),
    readings: new Set(),
    isStreamOpen: false,
    failures: 0,
    lastEventId: undefined,
  };
  void follow(session);
  return {
    refresh: async () => {
      const failure = await readAll(session);
      if (failure !== undefined) throw failure;
    },
    put: (reservation) => {
      put(session, reservation);
    },
    end: () => {
      abort.abort();
      session.queue.stop();
    },
  };
}

/**
 * The stream reconnects automatically. It ends with an error if the server refuses the token, which
 * another window may still renew, so it is opened again.
 */
async function follow(session: SessionState): Promise<void> {
  const { client, signal } = session;
  while (!hasEnded(session)) {
    try {
      for await (const item of client.events({ signal, lastEventId: session.lastEventId })) {
        if (hasEnded(session)) return;
        handle(session, item);
      }
    } catch (error) {
      if (hasEnded(session)) return;
      contactLost(session, error);
    }
    await pause(nextDelayMs(session), signal);
  }
}

function handle(session: SessionState, item: StreamItem): void {
  const { keeper, queue, random } = session;
  switch (item.kind) {
    case "open":
      session.isStreamOpen = true;
      queue.request("everything", keeper.isEmpty() ? 0 : RETURN_JITTER_MS * random());
      break;
    case "resync":
      queue.request("everything", RETURN_JITTER_MS * random());
      break;
    case "event":
      session.lastEventId = item.event.id;
      session.onEvent(item.event);
      rereadAfter(session, item.event);
      break;
    case "unreadable":
      queue.request(item.reservationId, EVENT_DELAY_MS);
      break;
    case "changed":
      if (item.topics.includes("availability")) {
        queue.request("availability", CHANGED_JITTER_MS * random());
      }
      if (item.topics.includes("waiting") && keeper.hasQueued()) {
        queue.request("live", CHANGED_JITTER_MS * random());
      }
      break;
    case "lost":
      contactLost(session, item.error);
      break;
  }
}

function rereadAfter({ queue }: SessionState, event: Event): void {
  if (event.reservationId !== undefined) queue.request(event.reservationId, EVENT_DELAY_MS);
  if (event.type.startsWith("disk.")) queue.request("disks", EVENT_DELAY_MS);
}

/** After a failed read the known state stays, and everything is re-read after a delay. */
async function reread(session: SessionState, key: Key): Promise<void> {
  try {
    if (key !== "everything") {
      await readPart(session, key);
      return;
    }
    const failure = await readAll(session);
    if (failure !== undefined) throw failure;
  } catch (error) {
    if (hasEnded(session)) return;
    session.log.warn(`Could not read ${key}: ${asError(error).message}`);
    // Without a stream, its reconnection triggers the next read.
    if (!session.isStreamOpen) return;
    if (key === "everything") session.keeper.contactLost(asError(error));
    session.queue.request("everything", nextDelayMs(session));
  }
}

async function readAll(session: SessionState): Promise<Error | undefined> {
  const { client, keeper, signal, readings } = session;
  const learned = new Set<string>();
  readings.add(learned);
  const { read, failure } = await readEverything(client, signal);
  readings.delete(learned);
  if (hasEnded(session)) return undefined;
  const isLive = failure === undefined && session.isStreamOpen;
  if (isLive) session.failures = 0;
  keeper.putReading(read, { learned, isLive });
  return failure;
}

async function readPart(session: SessionState, key: Exclude<Key, "everything">): Promise<void> {
  const { client, keeper, signal } = session;
  if (key === "availability") {
    const availability = await client.call("getAvailability", { signal });
    if (!hasEnded(session)) keeper.putAvailability(availability);
  } else if (key === "disks") {
    const disks = await readDisks(client, signal);
    if (!hasEnded(session)) keeper.putDisks(disks);
  } else if (key === "live") {
    await readLive(session);
  } else {
    await readReservation(session, key);
  }
}

async function readLive(session: SessionState): Promise<void> {
  const { client, keeper, signal, queue } = session;
  const live = await listReservations(client, "live", { signal });
  if (hasEnded(session)) return;
  for (const reservation of live) put(session, reservation);
  for (const { id } of missingFrom(keeper.reservations(), live)) queue.request(id, 0);
}

async function readReservation(session: SessionState, id: ReservationId): Promise<void> {
  const { client, keeper, signal } = session;
  try {
    const reservation = await client.call("getReservation", {
      params: { reservationId: id },
      signal,
    });
    if (!hasEnded(session)) put(session, reservation);
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== "not_found") throw error;
    if (!hasEnded(session)) keeper.removeReservation(id);
  }
}

function put({ readings, keeper }: SessionState, reservation: Reservation): void {
  for (const learned of readings) learned.add(reservation.id);
  keeper.putReservation(reservation);
}

function contactLost(session: SessionState, error: unknown): void {
  session.isStreamOpen = false;
  session.keeper.contactLost(asError(error));
}

function nextDelayMs(session: SessionState): number {
  const delayMs = backoffMs(STREAM_BACKOFF, session.failures, session.random);
  session.failures += 1;
  return delayMs;
}

function hasEnded({ signal }: SessionState): boolean {
  return signal.aborted;
}
