import type { EndReason, Phase, StoppingPhase } from "@gpu-dev/shared/states.ts";
import type { DiskId } from "@gpu-dev/shared/ids.ts";
import type { Member, MoreFacts, Observation } from "./observation.ts";

/** The next step of a reservation, derived only from an observation. `act` executes it. */
export type Decision = Step & {
  /** The zone of this disk is not recorded yet; it is the zone of this node. */
  readonly diskZone?: { readonly disk: DiskId; readonly node: string } | undefined;
};

type Step =
  /** More facts are needed to decide. */
  | { readonly kind: "observe"; readonly facts: MoreFacts }
  /** The objects of these members do not exist yet. */
  | { readonly kind: "create"; readonly members: readonly Member[] }
  /** The pods of these members must be deleted; the units of a pod that is gone are released. */
  | { readonly kind: "close"; readonly members: readonly Member[] }
  | {
      readonly kind: "progress";
      readonly phase: Phase | undefined;
      readonly detail: string | undefined;
      /** Whether the change appears on the timeline. */
      readonly hasEvent: boolean;
      readonly pullFailures?: readonly PullFailure[];
    }
  /** Every member can be reached. */
  | { readonly kind: "ready"; readonly members: readonly Member[]; readonly expiresAt: Date }
  /** This attempt cannot succeed; the reservation returns to the queue. */
  | { readonly kind: "replace"; readonly why: string; readonly node: string | undefined }
  | { readonly kind: "end"; readonly reason: EndReason; readonly detail: string }
  | { readonly kind: "warn"; readonly minutes: number; readonly expiresAt: Date }
  /** The container of this member restarted since the last report. */
  | { readonly kind: "reportRestart"; readonly member: Member; readonly count: number }
  /** No change of state: record what changed and keep the Secret up to date. */
  | {
      readonly kind: "maintain";
      readonly changed: readonly Member[];
      readonly checkAt: Date | undefined;
    }
  | { readonly kind: "forceDelete"; readonly members: readonly Member[] }
  /** Every pod is gone, so nothing writes to the disk. */
  | { readonly kind: "releaseDisk"; readonly next: StoppingPhase }
  | { readonly kind: "finish"; readonly reason: EndReason }
  | { readonly kind: "wait"; readonly checkAt: Date | undefined };

/** When the image pull of an attempt began to fail; `since` is undefined once it does not. */
export interface PullFailure {
  readonly podName: string;
  readonly since: Date | undefined;
}

/** The earliest of the times that are set. */
export function earliestOf(...times: (Date | undefined)[]): Date | undefined {
  const known = times.filter((time) => time instanceof Date).map((time) => time.getTime());
  return known.length === 0 ? undefined : new Date(Math.min(...known));
}

/** Names the member in a detail; empty if the reservation has only one. */
export function memberLabel({ row }: Observation, { attempt }: Member): string {
  if (row.nodeCount === 1) return "";
  return `rank ${String(attempt.rank)} of ${String(row.nodeCount)}: `;
}
