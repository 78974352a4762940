import type { ReservationSpec } from "@gpu-dev/shared/api/reservation.ts";
import { formatDuration } from "@gpu-dev/shared/durations.ts";
import { asSentence } from "@gpu-dev/shared/text.ts";
import { CANCELLABLE, type Phase } from "@gpu-dev/shared/states.ts";
import { systemClock } from "../clock.ts";
import type { GpuType, Reservation } from "../http/responses.ts";
import { localTime, localTimes, secondsUntil, timeLeft } from "./times.ts";

/** "2 x H100", "cpu-x86". */
export function resources({ spec }: { spec: Pick<ReservationSpec, "gpus" | "gpuType"> }): string {
  const { gpus, gpuType } = spec;
  const label = typeLabel(gpuType, gpus === 0 ? "cpu" : "gpu");
  return gpus === 0 ? label : `${String(gpus)} x ${label}`;
}

/** The label of a type, "H100". CPU types keep their id: they are not model names. */
export function typeLabel(id: string, kind: GpuType["kind"]): string {
  return kind === "cpu" ? id : id.toUpperCase();
}

/** The state in a few words, for a table. */
export function stateLabel(reservation: Reservation): string {
  const { state, phase, waiting, endReason, cancelRequestedAt } = reservation;
  switch (state) {
    case "queued":
      return waiting === undefined ? "queued" : `queued, ${ordinal(waiting.position)} in line`;
    case "starting":
    case "stopping":
      return phase === undefined ? state : `${state}: ${phase}`;
    case "ready":
      return cancelRequestedAt === undefined ? "ready" : "ready, cancelled";
    case "ended":
    case "failed":
      return endReason === undefined ? state : `${state}: ${endReason}`;
    default:
      return state; // A state of a newer server.
  }
}

/** What the reservation is doing now, in detail. */
export function progressText(reservation: Reservation, now = systemClock.now()): string {
  return localTimes(progressInUtc(reservation), now);
}

function progressInUtc(reservation: Reservation): string {
  const { state, phase, phaseDetail, waiting, endDetail, cancelRequestedAt } = reservation;
  if (cancelRequestedAt !== undefined && CANCELLABLE.includes(state)) {
    return `${state}; cancelled, about to end`;
  }
  switch (state) {
    case "queued":
      return waiting === undefined
        ? "queued"
        : `queued, ${ordinal(waiting.position)} in line: ${waiting.reason}`;
    case "starting":
    case "stopping": {
      const head = phase === undefined ? state : `${state}: ${phaseText(phase)}`;
      return phaseDetail === undefined ? head : `${head} (${phaseDetail})`;
    }
    case "ready":
      return "ready";
    case "ended":
    case "failed":
      return endDetail ?? stateLabel(reservation);
    default:
      return state; // A state of a newer server.
  }
}

/**
 * "ended at 14:02 CET, when its lease expired.", "ended at 14:02 CET: Its node was lost." The
 * detail of an expiry would repeat the time.
 */
export function endText(
  end: Readonly<Record<"endedAt" | "endReason" | "endDetail", string | undefined>>,
  now: Date,
): string {
  const { endedAt, endReason, endDetail } = end;
  const when = endedAt === undefined ? "has ended" : `ended at ${localTime(endedAt, now)}`;
  if (endReason === "expired") return `${when}, when its lease expired.`;
  return `${when}: ${asSentence(endDetail ?? endReason ?? "The server no longer knows it")}`;
}

/** "attaching the disk". A phase of another server version is shown as it is. */
export function phaseText(phase: Phase): string {
  return (PHASE_TEXTS as Readonly<Record<string, string>>)[phase] ?? phase;
}

const PHASE_TEXTS = {
  placing: "choosing a node",
  disk: "attaching the disk",
  pulling: "pulling the image",
  booting: "booting",
  closing: "closing sessions",
  "saving-disk": "releasing the disk",
  removing: "removing the server",
} as const satisfies Record<Phase, string>;

/** "team=vision, run=7"; undefined without labels. */
export function labelsText({ labels }: Reservation["spec"]): string | undefined {
  const entries = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
  return entries.length === 0 ? undefined : entries.join(", ");
}

export function timeLeftText(reservation: Reservation, now: Date): string {
  const { state, expiresAt, spec, endedAt } = reservation;
  if (state === "queued" || state === "starting") {
    return `${formatDuration(spec.durationSeconds)} once ready`;
  }
  if (state === "ready" && expiresAt !== undefined) return timeLeft(expiresAt, now);
  if (endedAt !== undefined) return `ended ${localTime(endedAt, now)}`;
  return "-";
}

export function nodesOf(reservation: Reservation): string {
  const nodes = [...new Set(reservation.members.map((member) => member.node))];
  return nodes.length === 0 ? "-" : nodes.join(", ");
}

/** "until 15:20 CET (1 h from now)". */
export function untilText(iso: string, now: Date): string {
  const left = secondsUntil(iso, now);
  const end = localTime(iso, now);
  return left <= 0 ? `until ${end} (expired)` : `until ${end} (${formatDuration(left)} from now)`;
}

export function diskAfterEnd(reservation: Reservation): string {
  const { disk } = reservation.spec;
  return disk === undefined
    ? "It has no disk: the files in its workspace are deleted."
    : `Its disk ${disk} is kept, with all files.`;
}

export function ordinal(n: number): string {
  const isTeen = n % 100 >= 11 && n % 100 <= 13;
  const suffix = isTeen ? "th" : ({ 1: "st", 2: "nd", 3: "rd" }[n % 10] ?? "th");
  return `${String(n)}${suffix}`;
}
