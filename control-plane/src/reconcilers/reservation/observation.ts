import type { Catalogue, CatalogueImage, GpuType } from "@gpu-dev/shared/api/catalogue.ts";
import { Minute } from "@gpu-dev/shared/durations.ts";
import type { PodView } from "../../cluster/port.ts";
import { findImage, findType } from "../../domain/catalogue.ts";
import type { Attempt, Disk, Reservation } from "../../domain/reservation.ts";

/** Restarts are counted over this time. */
export const RESTART_WINDOW_MS = 10 * Minute.ms;

/**
 * What is known about a reservation when its next step is decided. It starts with the row; a
 * decision requests more facts when it needs them, so nothing is read without a use.
 */
export interface Observation {
  readonly row: Reservation;
  readonly catalogue: Catalogue;
  readonly now: Date;
  /** Since when the cluster has been available without an interruption. */
  readonly stableSince: Date;
  /** By rank. Undefined until a decision requests them. */
  readonly members?: readonly Member[];
  /** Read with the members of a start. */
  readonly disk?: Disk | undefined;
  /**
   * Restarts reported within `RESTART_WINDOW_MS`, by rank. Undefined until a decision
   * requests them.
   */
  readonly recentRestarts?: ReadonlyMap<number, number>;
  /** Why the objects of this start could not be created in this pass. */
  readonly creationFailure?: CreationFailure;
  /** The cluster did not respond, so nothing but the row is known. */
  readonly isClusterUnavailable?: boolean;
}

/** The recorded attempt of one member, and the pod of that attempt. */
export interface Member {
  readonly attempt: Attempt;
  /**
   * The pod with the recorded UID. Undefined: a successful read showed no such pod, or its UID is
   * not recorded yet.
   */
  readonly pod: PodView | undefined;
  /** Undefined until a decision requests the nodes. */
  readonly node?: NodeObservation;
  /** Its deletion was requested in this pass. */
  readonly isClosing?: boolean;
}

export type NodeObservation =
  | { readonly status: "ready" | "missing" }
  | { readonly status: "not-ready"; readonly since: Date | undefined };

export interface CreationFailure {
  /**
   * `final`: retrying cannot help. `refused`: the cluster refused for now. `unavailable`: the calls
   * failed.
   */
  readonly kind: "final" | "refused" | "unavailable";
  readonly message: string;
}

export type MoreFacts = "members" | "nodes" | "restarts";

/** The disk belongs to rank 0; the other members have scratch space. */
export const mountsDisk = ({ rank }: Attempt): boolean => rank === 0;

/** Whether the pod has stopped or is stopping. */
export function isLeaving({ pod }: Member): boolean {
  return !pod || pod.deleting || pod.phase === "Failed" || pod.phase === "Succeeded";
}

export function typeOf({ catalogue, row }: Observation): GpuType {
  const type = findType(catalogue, row.gpuType);
  if (!type) {
    throw new Error(
      `the catalogue no longer has the type ${row.gpuType} of reservation ${row.id}; put the type back until its reservations have ended`,
    );
  }
  return type;
}

export function imageOf({ catalogue, row }: Observation): CatalogueImage {
  const image = findImage(catalogue, row.spec.image);
  if (!image) {
    throw new Error(
      `the catalogue no longer has the image ${row.spec.image ?? "(default)"} of reservation ${row.id}; put it back until its reservations have ended`,
    );
  }
  return image;
}
