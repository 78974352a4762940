import type { Reservation } from "@gpu-dev/shared/api/reservation.ts";
import { hostNames } from "@gpu-dev/client/ssh/hostState.ts";
import type { HostState } from "@gpu-dev/client/ssh/hostState.ts";
import { CANCELLABLE, TERMINAL } from "@gpu-dev/shared/states.ts";
import { asSentence } from "@gpu-dev/shared/text.ts";
import { formatClockTime } from "../core/text.ts";
import { endReasonLabel } from "../core/text.ts";

/** Which server of ours this window is on, as far as it can be told. */
export interface Here {
  /** The ssh host that it is connected to. */
  readonly host: string | null;
  /** From the environment of the pod, where this code runs inside it. */
  readonly reservationId: string | null;
}

export type NoticeButton = "Reserve Again" | "Show Details" | "Reload Window" | "Close Remote";

export interface RemoteWindowNotice {
  /** The same for the same news: each is shown once in a window. */
  readonly key: string;
  readonly text: string;
  readonly buttons: readonly NoticeButton[];
  /** What the buttons act on. */
  readonly about: Reservation;
}

/** The id of the reservation that this window is of; a host that is over still knows whose it was. */
export function reservationIdHere(here: Here, state: HostState | null): string | null {
  if (here.reservationId !== null) return here.reservationId;
  if (here.host === null || state === null) return null;
  const found = [...hostNames(state)].find(([, name]) => name === here.host);
  return found?.[0].id ?? null;
}

/**
 * What to say in a window whose own reservation is over; null while it is not. Until then a connection that breaks
 * comes back by itself, to the same server: a reservation that was ready stays where it is.
 */
export function remoteWindowNotice(
  own: Reservation,
  all: readonly Reservation[],
  now: Date,
): RemoteWindowNotice | null {
  const { id, name, owner, state } = own;
  if (!TERMINAL.includes(state)) return null;
  const over = overText(own, now);
  const heir = all.find(
    (one) => one.name === name && one.owner.name === owner.name && CANCELLABLE.includes(one.state),
  );
  if (heir === undefined) {
    const buttons = ["Reserve Again", "Close Remote"] as const;
    return { key: `over/${id}`, text: over, buttons, about: own };
  }
  const isReady = heir.state === "ready";
  const next = isReady
    ? "A newer reservation has its name: reload the window to connect to that."
    : "A newer reservation has its name, and is not ready yet.";
  return {
    key: `heir/${heir.id}/${String(isReady)}`,
    text: `${over} ${next}`,
    buttons: [isReady ? "Reload Window" : "Show Details", "Close Remote"],
    about: heir,
  };
}

function overText(reservation: Reservation, now: Date): string {
  const { name, endedAt, endDetail, endReason, spec } = reservation;
  const when = endedAt === null ? "" : ` since ${formatClockTime(new Date(endedAt), now)}`;
  const why = asSentence(endDetail ?? endReasonLabel(endReason));
  const files =
    spec.disk === null
      ? "It had no disk: its files are gone."
      : `Its files are on disk ${spec.disk}.`;
  return `${name} is over${when}: ${why} ${files}`;
}
