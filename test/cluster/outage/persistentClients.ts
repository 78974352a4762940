import assert from "node:assert/strict";
import { Hour } from "@gpu-dev/shared/durations.ts";
import type { ReservationId } from "@gpu-dev/shared/ids.ts";
import { waitFor } from "../../support/waitFor.ts";
import { eachOf } from "../support/load.ts";
import type { OutageFixture } from "./outageFixture.ts";

const CONCURRENCY = 8;
/**
 * Below the limit of live reservations per user: a repeated request for the last one must be
 * refused because of its name, not because of the limit.
 */
const RESERVATIONS_PER_USER = 40;
/** One in this many reservations has a disk. */
const DISK_INTERVAL = 20;

export const usersFor = (reservations: number): number =>
  Math.ceil(reservations / RESERVATIONS_PER_USER);
export const disksFor = (reservations: number): number => Math.ceil(reservations / DISK_INTERVAL);

export interface Reserved {
  readonly id: ReservationId;
  readonly name: string;
}

/** Clients that repeat a request until it gets a response. */
export interface PersistentClients {
  /**
   * Reserves one GPU each, starting with number `from`. The name makes a repeated request harmless.
   */
  reserve(count: number, from?: number): Promise<void>;
  cancel(reservations: readonly Reserved[]): Promise<void>;
}

export function createPersistentClients(
  { users }: Pick<OutageFixture, "users">,
  timeoutMs: number,
): PersistentClients {
  const ownerOf = (index: number) => {
    const owner = users[Math.floor(index / RESERVATIONS_PER_USER)];
    assert.ok(owner);
    return owner;
  };
  const repeat = (request: () => Promise<boolean>, describe: string) =>
    waitFor(request, { timeoutMs: timeoutMs, intervalMs: 500, describe });
  return {
    reserve: (count, from = 0) =>
      eachOf(count, CONCURRENCY, async (offset) => {
        const index = from + offset;
        const name = `load-${String(index)}`;
        const disk = index % DISK_INTERVAL === 0 ? { disk: `disk-${String(index)}` } : {};
        const body = { gpuType: "h100", gpus: 1, durationSeconds: Hour.seconds, name, ...disk };
        const request = () =>
          ownerOf(index)
            .call("createReservation", { body })
            .then(
              () => true,
              (error: unknown) => String((error as { code?: string }).code).includes("name"),
            );
        await repeat(request, `a response to ${name}`);
      }),
    cancel: (reservations) =>
      eachOf(reservations.length, CONCURRENCY, async (index) => {
        const { id = "" as ReservationId, name = "" } = reservations[index] ?? {};
        const owner = ownerOf(Number(name.replace("load-", "")));
        const request = () =>
          owner.call("cancelReservation", { params: { reservationId: id } }).then(
            () => true,
            () => false,
          );
        await repeat(request, `${name} to be cancelled`);
      }),
  };
}
