import type { Reservation } from "@gpu-dev/shared/api/reservation.ts";
import type { Availability, Disk } from "@gpu-dev/shared/api/resources.ts";
import type { ReservationId } from "@gpu-dev/shared/ids.ts";
import type { LiveChange, LiveState } from "./liveState.ts";
import type { Reading } from "./readServer.ts";
import { changedIds, withAnswer, withoutOld, withReading } from "./reservationList.ts";

const EMPTY: LiveState = {
  contact: { kind: "connecting" },
  asOf: null,
  reservations: null,
  availability: null,
  disks: null,
  catalogue: null,
};
const NOTHING: LiveChange = {
  reservations: [],
  availability: false,
  disks: false,
  contact: false,
};

/** The one copy of what the server said. Each change of it is told once, with what it touched. */
export class StateKeeper {
  readonly #now: () => Date;
  readonly #tell: (change: LiveChange) => void;
  #state = EMPTY;

  constructor(options: { now: () => Date; tell: (change: LiveChange) => void }) {
    this.#now = options.now;
    this.#tell = options.tell;
  }

  get state(): LiveState {
    return this.#state;
  }

  /** Nothing has been read yet. */
  get isEmpty(): boolean {
    return this.#state.asOf === null;
  }

  get reservations(): readonly Reservation[] {
    return this.#state.reservations ?? [];
  }

  get hasQueued(): boolean {
    return this.reservations.some(({ state }) => state === "queued");
  }

  putAvailability(availability: Availability): void {
    this.#change({ availability, asOf: this.#now() }, { availability: true });
  }

  putDisks(disks: readonly Disk[]): void {
    this.#change({ disks, asOf: this.#now() }, { disks: true });
  }

  putReservation(answer: Reservation): void {
    this.#putList(withAnswer(this.reservations, answer), { asOf: this.#now() });
  }

  removeReservation(id: ReservationId): void {
    const others = this.reservations.filter((each) => each.id !== id);
    this.#putList(others, { asOf: this.#now() });
  }

  /** Takes what a reading of everything brought. `isLive`: it lacks nothing, and events will tell what comes. */
  putReading(
    { reservations, ...rest }: Partial<Reading>,
    { learned, isLive }: { readonly learned: ReadonlySet<string>; readonly isLive: boolean },
  ): void {
    if (reservations === undefined && Object.keys(rest).length === 0) return;
    const { reservations: known, contact } = this.#state;
    const list = reservations && withoutOld(withReading(known, reservations, learned), this.#now());
    this.#change(
      {
        ...rest,
        asOf: this.#now(),
        ...(list && { reservations: list }),
        ...(isLive && { contact: { kind: "live" } }),
      },
      {
        reservations: list ? "all" : [],
        availability: rest.availability !== undefined,
        disks: rest.disks !== undefined,
        contact: isLive && contact.kind !== "live",
      },
    );
  }

  contactLost(error: Error): void {
    const { contact } = this.#state;
    const since = contact.kind === "lost" ? contact.since : this.#now();
    this.#change({ contact: { kind: "lost", since, error } }, { contact: true });
  }

  dropOld(): void {
    this.#putList(this.reservations, {});
  }

  /** Forgets everything: somebody else, or nobody, is signed in. */
  clear(): void {
    if (this.#state === EMPTY) return;
    this.#state = EMPTY;
    this.#tell({ reservations: "all", availability: true, disks: true, contact: true });
  }

  #putList(list: readonly Reservation[], patch: Partial<LiveState>): void {
    const kept = withoutOld(list, this.#now());
    const ids = changedIds(this.reservations, kept);
    if (ids.length > 0) this.#change({ ...patch, reservations: kept }, { reservations: ids });
    else this.#state = { ...this.#state, ...patch };
  }

  #change(patch: Partial<LiveState>, what: Partial<LiveChange>): void {
    this.#state = { ...this.#state, ...patch };
    this.#tell({ ...NOTHING, ...what });
  }
}
