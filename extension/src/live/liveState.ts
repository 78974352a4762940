import type { Catalogue } from "@gpu-dev/shared/api/catalogue.ts";
import type { Reservation } from "@gpu-dev/shared/api/reservation.ts";
import type { Availability, Disk } from "@gpu-dev/shared/api/resources.ts";
import type { Event } from "@gpu-dev/shared/api/events.ts";
import type { Disposable } from "../core/emitter.ts";

/** How it stands with the server. `lost` keeps what was last known on show, with its age. */
export type Contact =
  | { readonly kind: "connecting" }
  | { readonly kind: "live" }
  | { readonly kind: "lost"; readonly since: Date; readonly error: Error };

/** What the server last said. Null: it has not answered yet. */
export interface LiveState {
  readonly contact: Contact;
  /** When the last answer came, by this machine's clock. */
  readonly asOf: Date | null;
  /** Live ones, and those that ended within the last 24 hours; newest first. */
  readonly reservations: readonly Reservation[] | null;
  readonly availability: Availability | null;
  readonly disks: readonly Disk[] | null;
  readonly catalogue: Catalogue | null;
}

/** What a change of the state touched, so that only that is drawn again. */
export interface LiveChange {
  /** Ids of reservations that came, changed or went; "all" after everything was read anew. */
  readonly reservations: readonly string[] | "all";
  readonly availability: boolean;
  readonly disks: boolean;
  readonly contact: boolean;
}

/** One copy of the server's state for all views of a window, kept fresh by one event stream. */
export interface Live {
  readonly state: LiveState;
  readonly onDidChange: (listener: (change: LiveChange) => void) => Disposable;
  /** Each event of one's own timeline once, as it comes; not those that happened before the window was opened. */
  readonly onEvent: (listener: (event: Event) => void) => Disposable;
  /** Reads everything anew. Throws with a sentence for people. */
  refresh(): Promise<void>;
  /** Takes the answer to a write at once, without waiting for its event. An older generation changes nothing. */
  put(reservation: Reservation): void;
  dispose(): void;
}
