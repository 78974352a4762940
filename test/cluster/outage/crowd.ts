import assert from "node:assert/strict";
import type { ReservationId } from "@gpu-dev/shared/ids.ts";
import { waitFor } from "../../support/waitFor.ts";
import { eachOf } from "../support/load.ts";
import type { Scene } from "./scene.ts";

const AT_ONCE = 8;
/** Fewer than anybody may have: who asks again for the last one would be told of that limit, not of the name. */
export const EACH = 40;
/** Every so many bring a disk of their own. */
const WITH_DISK = 20;

export const usersFor = (reservations: number): number => Math.ceil(reservations / EACH);
export const disksFor = (reservations: number): number => Math.ceil(reservations / WITH_DISK);

export interface Reserved {
  readonly id: ReservationId;
  readonly name: string;
}

/** People who insist: whoever gets no answer asks again, until there is one. */
export interface Crowd {
  /** Asks for those from `from` on, one GPU each, by names that only one of the owner's can have. */
  ask(count: number, from?: number): Promise<void>;
  cancel(reservations: readonly Reserved[]): Promise<void>;
}

export function crowdOf({ users }: Pick<Scene, "users">, patienceMs: number): Crowd {
  const ownerOf = (index: number) => {
    const owner = users[Math.floor(index / EACH)];
    assert.ok(owner);
    return owner;
  };
  const insist = (ask: () => Promise<boolean>, describe: string) =>
    waitFor(ask, { timeoutMs: patienceMs, intervalMs: 500, describe });
  return {
    ask: (count, from = 0) =>
      eachOf(count, AT_ONCE, async (offset) => {
        const index = from + offset;
        const name = `load-${String(index)}`;
        const disk = index % WITH_DISK === 0 ? { disk: `disk-${String(index)}` } : {};
        const body = { gpuType: "h100", gpus: 1, durationSeconds: 3_600, name, ...disk };
        const ask = () =>
          ownerOf(index)
            .call("createReservation", { body })
            .then(
              () => true,
              (error: unknown) => String((error as { code?: string }).code).includes("name"),
            );
        await insist(ask, `an answer to ${name}`);
      }),
    cancel: (reservations) =>
      eachOf(reservations.length, AT_ONCE, async (index) => {
        const { id = "" as ReservationId, name = "" } = reservations[index] ?? {};
        const owner = ownerOf(Number(name.replace("load-", "")));
        const ask = () =>
          owner.call("cancelReservation", { params: { reservationId: id } }).then(
            () => true,
            () => false,
          );
        await insist(ask, `${name} to be cancelled`);
      }),
  };
}
