import type { Reservation } from "@gpu-dev/shared/api/reservation.ts";
import type { Event } from "@gpu-dev/shared/api/events.ts";
import type { ApiClient } from "@gpu-dev/client/http/apiClient.ts";
import { ApiError } from "@gpu-dev/client/http/apiErrors.ts";
import { backoffMs, pause, STREAM_BACKOFF } from "@gpu-dev/client/http/backoff.ts";
import type { StreamItem } from "@gpu-dev/client/http/eventStream.ts";
import { Second } from "@gpu-dev/shared/durations.ts";
import type { ReservationId } from "@gpu-dev/shared/ids.ts";
import { asError } from "../core/errors.ts";
import type { StateKeeper } from "./keepState.ts";
import { readDisks, readEverything, readLiveReservations } from "./readServer.ts";
import { createRereads, type Rereads } from "./rereads.ts";
import { missingFrom } from "./reservationList.ts";

/** Events of one change come together. */
const EVENT_DELAY_MS = 50;
/** Every client was told, or lost the server, at the same moment: they don't ask at the same moment. */
const CHANGED_JITTER_MS = 500;
const RETURN_JITTER_MS = Second.ms;

type Key = "everything" | "live" | "availability" | "disks" | ReservationId;

export interface SessionOptions {
  readonly client: ApiClient;
  readonly keeper: StateKeeper;
  readonly tellEvent: (event: Event) => void;
  readonly log: { warn(message: string): void };
  readonly random: () => number;
}

/**
 * Follows the server for as long as one person is signed in. Events, hints and answers to writes only say what to
 * read: what is shown is always what a read answered. What arrives after `end` is dropped.
 */
export class Session {
  readonly #options: SessionOptions;
  readonly #abort = new AbortController();
  readonly #rereads: Rereads<Key>;
  /** Per reading of everything under way, the reservations that something was heard of since it began. */
  readonly #readings = new Set<Set<string>>();
  #isOpen = false;
  #failures = 0;
  #lastEventId: string | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#rereads = createRereads({ read: (key) => this.#reread(key) });
    void this.#follow();
  }

  end(): void {
    this.#abort.abort();
    this.#rereads.stop();
  }

  async refresh(): Promise<void> {
    const failure = await this.#readAll();
    if (failure !== null) throw failure;
  }

  put(reservation: Reservation): void {
    for (const learned of this.#readings) learned.add(reservation.id);
    this.#options.keeper.putReservation(reservation);
  }

  #isOver(): boolean {
    return this.#abort.signal.aborted;
  }

  /** The stream reconnects by itself; what it gives up on (a refused token) may still be mended by another window. */
  async #follow(): Promise<void> {
    const { client } = this.#options;
    const { signal } = this.#abort;
    while (!this.#isOver()) {
      try {
        const from = { signal, lastEventId: this.#lastEventId };
        for await (const item of client.events(from)) {
          if (this.#isOver()) return;
          this.#take(item);
        }
      } catch (error) {
        if (this.#isOver()) return;
        this.#lost(error);
      }
      await pause(this.#nextDelayMs(), signal);
    }
  }

  #take(item: StreamItem): void {
    const { keeper, tellEvent, random } = this.#options;
    switch (item.kind) {
      case "open":
        this.#isOpen = true;
        this.#rereads.ask("everything", keeper.isEmpty ? 0 : RETURN_JITTER_MS * random());
        break;
      case "resync":
        this.#rereads.ask("everything", RETURN_JITTER_MS * random());
        break;
      case "event":
        this.#lastEventId = item.event.id;
        tellEvent(item.event);
        this.#askAfter(item.event);
        break;
      case "unreadable":
        this.#rereads.ask(item.reservationId, EVENT_DELAY_MS);
        break;
      case "changed":
        if (item.what.includes("availability")) {
          this.#rereads.ask("availability", CHANGED_JITTER_MS * random());
        }
        if (item.what.includes("waiting") && keeper.hasQueued) {
          this.#rereads.ask("live", CHANGED_JITTER_MS * random());
        }
        break;
      case "lost":
        this.#lost(item.error);
        break;
    }
  }

  #askAfter(event: Event): void {
    if (event.reservationId !== null) this.#rereads.ask(event.reservationId, EVENT_DELAY_MS);
    if (event.type.startsWith("disk.")) this.#rereads.ask("disks", EVENT_DELAY_MS);
  }

  #lost(error: unknown): void {
    this.#isOpen = false;
    this.#options.keeper.contactLost(asError(error));
  }

  #nextDelayMs(): number {
    const wait = backoffMs(STREAM_BACKOFF, this.#failures, this.#options.random);
    this.#failures += 1;
    return wait;
  }

  /** A read that failed keeps what was known, and everything is read again a little later. */
  async #reread(key: Key): Promise<void> {
    try {
      const failure = key === "everything" ? await this.#readAll() : await this.#readOne(key);
      if (failure !== null) throw failure;
    } catch (error) {
      if (this.#isOver()) return;
      this.#options.log.warn(`Could not read ${key}: ${asError(error).message}`);
      // While the stream is away, its return brings the next reading.
      if (!this.#isOpen) return;
      if (key === "everything") this.#options.keeper.contactLost(asError(error));
      this.#rereads.ask("everything", this.#nextDelayMs());
    }
  }

  async #readAll(): Promise<Error | null> {
    const { client, keeper } = this.#options;
    const learned = new Set<string>();
    this.#readings.add(learned);
    const { read, failure } = await readEverything(client, this.#abort.signal);
    this.#readings.delete(learned);
    if (this.#isOver()) return null;
    const isLive = failure === null && this.#isOpen;
    if (isLive) this.#failures = 0;
    keeper.putReading(read, { learned, isLive });
    return failure;
  }

  async #readOne(key: Exclude<Key, "everything">): Promise<null> {
    const { client, keeper } = this.#options;
    const { signal } = this.#abort;
    if (key === "availability") {
      const availability = await client.call("getAvailability", { signal });
      if (!this.#isOver()) keeper.putAvailability(availability);
    } else if (key === "disks") {
      const disks = await readDisks(client, signal);
      if (!this.#isOver()) keeper.putDisks(disks);
    } else if (key === "live") {
      await this.#readLive();
    } else {
      await this.#readReservation(key);
    }
    return null;
  }

  async #readLive(): Promise<void> {
    const { client, keeper } = this.#options;
    const live = await readLiveReservations(client, this.#abort.signal);
    if (this.#isOver()) return;
    for (const each of live) this.put(each);
    for (const { id } of missingFrom(keeper.reservations, live)) this.#rereads.ask(id, 0);
  }

  async #readReservation(id: ReservationId): Promise<void> {
    const { client, keeper } = this.#options;
    try {
      const call = { params: { reservationId: id }, signal: this.#abort.signal };
      const answer = await client.call("getReservation", call);
      if (!this.#isOver()) this.put(answer);
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== "not_found") throw error;
      if (!this.#isOver()) keeper.removeReservation(id);
    }
  }
}
