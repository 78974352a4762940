import type { Reservation } from "@gpu-dev/client/http/responses.ts";
import { CANCELLABLE, TERMINAL } from "@gpu-dev/shared/states.ts";
import { asSentence } from "@gpu-dev/shared/text.ts";
import { hostNames } from "@gpu-dev/client/ssh/hostNames.ts";
import type { HostState } from "@gpu-dev/client/ssh/hostState.ts";
import { endReasonLabel, formatClockTime } from "../core/text.ts";
import { hostFromAuthority } from "./remoteSsh.ts";

/** The facts that identify the reservation that a window is connected to. */
export interface WindowLocation {
  /** The SSH host that the window is connected to. */
  readonly host: string | undefined;
  /** From the environment of the pod, if this code runs inside it. */
  readonly reservationId: string | undefined;
}

/**
 * The location of a window from the authorities of its folders and the environment of the extension
 * host.
 */
export function locationFrom(options: {
  readonly authorities: readonly string[];
  /** GPU_DEV_RESERVATION_ID of the extension host: set if it runs inside a pod. */
  readonly reservationId: string | undefined;
}): WindowLocation {
  const hosts = options.authorities.flatMap((authority) => hostFromAuthority(authority) ?? []);
  return { host: hosts[0], reservationId: options.reservationId };
}

export type NoticeButton = "Reserve Again" | "Show Details" | "Reload Window" | "Close Remote";

export interface RemoteWindowNotice {
  /** Each key is shown once per window. */
  readonly key: string;
  readonly text: string;
  readonly buttons: readonly NoticeButton[];
  /** The reservation that the buttons act on. */
  readonly about: Reservation;
}

/** The id of the reservation of a window. The host of an ended reservation still has its id. */
export function reservationIdOf(
  location: WindowLocation,
  state: HostState | undefined,
): string | undefined {
  if (location.reservationId !== undefined) return location.reservationId;
  if (location.host === undefined || state === undefined) return undefined;
  const found = [...hostNames(state)].find(([, name]) => name === location.host);
  return found?.[0].id;
}

/**
 * The notice in the window of a reservation that has ended; undefined before the end. Until then a
 * lost connection is restored to the same server, because a ready reservation stays on its node.
 */
export function remoteWindowNotice(
  own: Reservation,
  all: readonly Reservation[],
  now: Date,
): RemoteWindowNotice | undefined {
  const { id, name, owner, state } = own;
  if (!TERMINAL.includes(state)) return undefined;
  const ended = endedText(own, now);
  const successor = all.find(
    (each) =>
      each.name === name && each.owner.name === owner.name && CANCELLABLE.includes(each.state),
  );
  if (successor === undefined) {
    const buttons = ["Reserve Again", "Close Remote"] as const;
    return { key: `ended/${id}`, text: ended, buttons, about: own };
  }
  const isReady = successor.state === "ready";
  const next = isReady
    ? "A newer reservation has the same name. Reload the window to connect to it."
    : "A newer reservation has the same name, but it is not ready yet.";
  return {
    key: `successor/${successor.id}/${String(isReady)}`,
    text: `${ended} ${next}`,
    buttons: [isReady ? "Reload Window" : "Show Details", "Close Remote"],
    about: successor,
  };
}

function endedText(reservation: Reservation, now: Date): string {
  const { name, endedAt, endDetail, endReason, spec } = reservation;
  const ended =
    endedAt === undefined ? "has ended" : `ended at ${formatClockTime(new Date(endedAt), now)}`;
  const reason =
    endReason === "expired"
      ? ", when its lease expired."
      : `: ${asSentence(endDetail ?? endReasonLabel(endReason))}`;
  const files =
    spec.disk === undefined
      ? "It had no disk, so its files are deleted."
      : `Its files are on disk ${spec.disk}.`;
  return `${name} ${ended}${reason} ${files}`;
}
