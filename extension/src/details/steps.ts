import { capitalize } from "@gpu-dev/shared/text.ts";
import { formatDuration, Second } from "@gpu-dev/shared/durations.ts";
import { type Phase, STARTING_PHASES, STOPPING_PHASES, TERMINAL } from "@gpu-dev/shared/states.ts";
import type { Reservation } from "@gpu-dev/client/http/responses.ts";
import { ordinal, phaseText } from "@gpu-dev/client/text/reservationText.ts";
import { localTime } from "@gpu-dev/client/text/times.ts";
import { endReasonLabel } from "../core/text.ts";

export type StepState = "done" | "current" | "upcoming" | "failed";

/** One stage in the life of a reservation, as the view draws it. */
export interface Step {
  readonly id: "queued" | "starting" | "active" | "end";
  readonly label: string;
  readonly state: StepState;
  /** When it began or will begin, and how long it took. */
  readonly text: string;
  /** The smaller parts of the current stage. */
  readonly phases: readonly { readonly label: string; readonly state: StepState }[];
  /** The part of the lease that has passed, from 0 to 1. */
  readonly progress?: number;
}

/** The stages from the request to the end, without those that an early end skipped. */
export function stepsOf(reservation: Reservation, now: Date): readonly Step[] {
  return [
    queuedStep(reservation, now),
    startingStep(reservation, now),
    activeStep(reservation, now),
    endStep(reservation, now),
  ].filter((step) => step !== undefined);
}

function queuedStep(reservation: Reservation, now: Date): Step {
  const { state, waiting, createdAt, placedAt, endedAt } = reservation;
  const requested = `requested ${localTime(createdAt, now)}`;
  const step = { id: "queued", label: "Queued", phases: [] } as const;
  if (state === "queued") {
    const place = waiting === undefined ? "" : `${ordinal(waiting.position)} in line, `;
    return { ...step, state: "current", text: `${place}${requested}` };
  }
  const end = placedAt ?? endedAt;
  const text =
    end === undefined ? requested : `${requested}, ${spent(createdAt, end, "placed at once")}`;
  return { ...step, state: "done", text };
}

function startingStep(
  { state, phase, placedAt, ...rest }: Reservation,
  now: Date,
): Step | undefined {
  const step = { id: "starting", label: "Starting", phases: [] } as const;
  if (state === "queued") return { ...step, state: "upcoming", text: "" };
  if (placedAt === undefined) return undefined;
  const since = `since ${localTime(placedAt, now)}`;
  if (state === "starting") {
    return { ...step, state: "current", text: since, phases: phasesOf(STARTING_PHASES, phase) };
  }
  const end = rest.readyAt ?? rest.endedAt;
  const text = end === undefined ? since : spent(placedAt, end);
  return { ...step, state: rest.readyAt === undefined ? "failed" : "done", text };
}

function activeStep(reservation: Reservation, now: Date): Step | undefined {
  const { state, spec, readyAt, expiresAt, endedAt } = reservation;
  const step = { id: "active", label: "Active", phases: [] } as const;
  if (readyAt === undefined) {
    const isComing = state === "queued" || state === "starting";
    const text = `for ${formatDuration(spec.durationSeconds)}`;
    return isComing ? { ...step, state: "upcoming", text } : undefined;
  }
  if (endedAt !== undefined) return { ...step, state: "done", text: spent(readyAt, endedAt) };
  const since = `since ${localTime(readyAt, now)}`;
  if (state !== "ready") return { ...step, state: "done", text: since };
  const active = { ...step, state: "current", text: since } as const;
  return expiresAt === undefined ? active : { ...active, progress: part(readyAt, expiresAt, now) };
}

function endStep(reservation: Reservation, now: Date): Step {
  const { state, phase, expiresAt, endedAt, endReason } = reservation;
  const step = { id: "end", label: "End", phases: [] } as const;
  if (TERMINAL.includes(state)) {
    const at = endedAt === undefined ? "" : ` ${localTime(endedAt, now)}`;
    return {
      ...step,
      label: state === "failed" ? "Failed" : "Ended",
      state: state === "failed" ? "failed" : "done",
      text: `${endReasonLabel(endReason)}${at}`,
    };
  }
  if (state === "stopping") {
    const phases = phasesOf(STOPPING_PHASES, phase);
    return { ...step, label: "Ending", state: "current", text: "", phases };
  }
  return {
    ...step,
    state: "upcoming",
    text: expiresAt === undefined ? "" : localTime(expiresAt, now),
  };
}

function phasesOf(all: readonly Phase[], current: Phase | undefined): Step["phases"] {
  const at = current === undefined ? -1 : all.indexOf(current);
  return all.map((phase, index) => ({
    label: capitalize(phaseText(phase)),
    state: index < at ? "done" : index === at ? "current" : "upcoming",
  }));
}

/** "took 12 s". */
function spent(from: string, to: string, ifShort = "took less than a second"): string {
  const seconds = Math.max(0, (Date.parse(to) - Date.parse(from)) / Second.ms);
  return seconds < 1 ? ifShort : `took ${formatDuration(Math.round(seconds))}`;
}

function part(from: string, to: string, now: Date): number {
  const length = Date.parse(to) - Date.parse(from);
  const passed = now.getTime() - Date.parse(from);
  return length <= 0 ? 1 : Math.min(1, Math.max(0, passed / length));
}
