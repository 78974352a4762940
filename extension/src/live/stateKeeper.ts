import type { ReservationId } from "@gpu-dev/shared/ids.ts";
import type { Availability, Catalogue, Disk, Reservation } from "@gpu-dev/client/http/responses.ts";
import type { Reading } from "./readServer.ts";
import { changedIds, withReservation, withoutOld, withReading } from "./reservationList.ts";

/**
 * The connection to the server. While it is `lost`, the last known state stays visible with its
 * age.
 */
export type Contact =
  | { readonly kind: "connecting" }
  | { readonly kind: "live" }
  | { readonly kind: "lost"; readonly since: Date; readonly error: Error };

/** The state of the server as last read. Undefined: not read yet. */
export interface LiveState {
  readonly contact: Contact;
  /** The time of the last response, by the clock of this machine. */
  readonly asOf: Date | undefined;
  /** The live reservations and those that ended within the last 24 hours; newest first. */
  readonly reservations: readonly Reservation[] | undefined;
  readonly availability: Availability | undefined;
  readonly disks: readonly Disk[] | undefined;
  readonly catalogue: Catalogue | undefined;
}

/** The parts of the state that a change affects, so that only those are redrawn. */
export interface LiveChange {
  /** Ids of added, changed and removed reservations; "all" after everything was re-read. */
  readonly reservations: readonly string[] | "all";
  readonly availability: boolean;
  readonly disks: boolean;
  readonly contact: boolean;
}

/** The one copy of the server's state. Reports each change once, with what it affects. */
export interface StateKeeper {
  state(): LiveState;
  reservations(): readonly Reservation[];
  /** Whether nothing has been read yet. */
  isEmpty(): boolean;
  hasQueued(): boolean;
  putAvailability(availability: Availability): void;
  putDisks(disks: readonly Disk[]): void;
  putReservation(reservation: Reservation): void;
  removeReservation(id: ReservationId): void;
  /** Applies a full read. `isLive`: the read is complete, and events report later changes. */
  putReading(
    reading: Partial<Reading>,
    options: { readonly learned: ReadonlySet<string>; readonly isLive: boolean },
  ): void;
  contactLost(error: Error): void;
  dropOld(): void;
  /** Forgets everything, because another user or no user is signed in. */
  clear(): void;
}

const EMPTY: LiveState = {
  contact: { kind: "connecting" },
  asOf: undefined,
  reservations: undefined,
  availability: undefined,
  disks: undefined,
  catalogue: undefined,
};
const NOTHING: LiveChange = {
  reservations: [],
  availability: false,
  disks: false,
  contact: false,
};

export function createStateKeeper(options: {
  readonly now: () => Date;
  readonly onChange: (change: LiveChange) => void;
}): StateKeeper {
  const { now, onChange } = options;
  let state = EMPTY;
  const change = (patch: Partial<LiveState>, affected: Partial<LiveChange>) => {
    state = { ...state, ...patch };
    onChange({ ...NOTHING, ...affected });
  };
  const reservations = () => state.reservations ?? [];
  const putList = (list: readonly Reservation[], patch: Partial<LiveState>) => {
    const kept = withoutOld(list, now());
    const ids = changedIds(reservations(), kept);
    if (ids.length > 0) change({ ...patch, reservations: kept }, { reservations: ids });
    else state = { ...state, ...patch };
  };
  return {
    state: () => state,
    reservations,
    isEmpty: () => state.asOf === undefined,
    hasQueued: () => reservations().some((each) => each.state === "queued"),
    putAvailability: (availability) => {
      change({ availability, asOf: now() }, { availability: true });
    },
    putDisks: (disks) => {
      change({ disks, asOf: now() }, { disks: true });
    },
    putReservation: (reservation) => {
      putList(withReservation(reservations(), reservation), { asOf: now() });
    },
    removeReservation: (id) => {
      putList(withoutId(reservations(), id), { asOf: now() });
    },
    putReading: (reading, source) => {
      if (Object.keys(reading).length > 0) change(...readingChange(state, reading, source, now()));
    },
    contactLost: (error) => {
      change({ contact: lostContact(state, error, now()) }, { contact: true });
    },
    dropOld: () => {
      putList(reservations(), {});
    },
    clear: () => {
      if (state === EMPTY) return;
      state = EMPTY;
      onChange({ reservations: "all", availability: true, disks: true, contact: true });
    },
  };
}

function withoutId(list: readonly Reservation[], id: ReservationId): readonly Reservation[] {
  return list.filter((each) => each.id !== id);
}

/** Keeps the time at which the contact was first lost. */
function lostContact({ contact }: LiveState, error: Error, now: Date): LiveState["contact"] {
  return { kind: "lost", since: contact.kind === "lost" ? contact.since : now, error };
}

function readingChange(
  { reservations, contact }: LiveState,
  { reservations: items, ...rest }: Partial<Reading>,
  { learned, isLive }: { readonly learned: ReadonlySet<string>; readonly isLive: boolean },
  now: Date,
): [Partial<LiveState>, Partial<LiveChange>] {
  const list = items && withoutOld(withReading(reservations, items, learned), now);
  const patch: Partial<LiveState> = {
    ...rest,
    asOf: now,
    ...(list && { reservations: list }),
    ...(isLive && { contact: { kind: "live" } }),
  };
  const affected: Partial<LiveChange> = {
    reservations: list ? "all" : [],
    availability: rest.availability !== undefined,
    disks: rest.disks !== undefined,
    contact: isLive && contact.kind !== "live",
  };
  return [patch, affected];
}
