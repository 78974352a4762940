import { Second } from "@gpu-dev/shared/durations.ts";
import type { Reservation } from "./http/responses.ts";
import { pause } from "./clock.ts";
import type { ApiClient } from "./http/apiClient.ts";
import { ApiError, ConnectionError } from "./http/apiErrors.ts";

/** The largest page that the API serves. */
const PAGE_SIZE = 200;

export interface ListOptions {
  readonly name?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Stops after this many pages; without it, all are read. */
  readonly maxPages?: number | undefined;
}

/** Your reservations in the given states, newest first, from all pages. */
export async function listReservations(
  client: Pick<ApiClient, "call">,
  state: "live" | "ended" | "all",
  { name, signal, maxPages = Number.POSITIVE_INFINITY }: ListOptions = {},
): Promise<Reservation[]> {
  const items: Reservation[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < maxPages; page += 1) {
    const query = { state, limit: PAGE_SIZE, name, cursor };
    const { items: found, nextCursor } = await client.call("listReservations", { query, signal });
    items.push(...found);
    if (nextCursor === undefined) break;
    cursor = nextCursor;
  }
  return items;
}

/** The event stream reports changes at once; without it, the reservation is polled this often. */
const POLL_MS = 3 * Second.ms;

export interface FollowOptions {
  readonly client: ApiClient;
  readonly reservation: Reservation;
  readonly isDone: (reservation: Reservation) => boolean;
  readonly signal: AbortSignal;
  /** Called with the first state and after each read. */
  readonly onProgress?: ((reservation: Reservation) => void) | undefined;
  /**
   * Called if the server can't be reached. The reservation is not affected, and the reads continue.
   */
  readonly onUnreachable?: (() => void) | undefined;
}

/**
 * Reads a reservation until `isDone`. Returns the last state that was read, even if the signal
 * aborts.
 */
export async function followReservation(options: FollowOptions): Promise<Reservation> {
  const { client, reservation, isDone, signal, onProgress } = options;
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  const hints = listenForHints(client, reservation.id, either);
  let current = reservation;
  try {
    while (!either.aborted) {
      onProgress?.(current);
      if (isDone(current)) break;
      await hints.next(POLL_MS);
      current = await readAgain(options, current);
    }
    return current;
  } finally {
    stop.abort();
  }
}

async function readAgain(options: FollowOptions, current: Reservation): Promise<Reservation> {
  const { client, signal, onUnreachable } = options;
  try {
    const params = { reservationId: current.id };
    return await client.call("getReservation", { params, signal });
  } catch (error) {
    if (signal.aborted) return current;
    const isTemporary =
      error instanceof ConnectionError || (error instanceof ApiError && error.status >= 500);
    if (!isTemporary) throw error;
    onUnreachable?.();
    return current;
  }
}

function listenForHints(client: ApiClient, id: string, signal: AbortSignal) {
  let wake = new AbortController();
  const listen = async () => {
    for await (const item of client.events({ signal })) {
      if (item.kind === "event" && item.event.reservationId !== id) continue;
      if (item.kind === "changed" && !item.topics.includes("waiting")) continue;
      if (item.kind !== "lost") wake.abort();
    }
  };
  // Polling continues without the stream, whatever its error was.
  listen().catch(() => undefined);
  signal.addEventListener("abort", () => {
    wake.abort();
  });
  return {
    next: async (atMostMs: number) => {
      await pause(atMostMs, wake.signal);
      wake = new AbortController();
    },
  };
}
