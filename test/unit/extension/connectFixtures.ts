import { reservationId, userId } from "@gpu-dev/shared/ids.ts";
import type { Reservation } from "@gpu-dev/client/http/responses.ts";
import { createEmitter } from "../../../extension/src/core/emitter.ts";
import { UNSET_FIELDS } from "../../support/reservationFixture.ts";
import type { Live } from "../../../extension/src/live/live.ts";
import type { LiveChange, LiveState } from "../../../extension/src/live/stateKeeper.ts";

export const NOW = new Date("2026-11-23T14:30:00.000Z");

/** A reservation of ada's with a disk, ready by default; `n` makes its id. */
export function reservationOf(n: number, overrides: Partial<Reservation> = {}): Reservation {
  return {
    ...UNSET_FIELDS,
    id: reservationId.parse(String(n).padStart(16, "0")),
    name: `box${String(n)}`,
    owner: { id: userId.parse("0000000000000001"), name: "ada" },
    spec: {
      gpuType: "h100",
      gpus: 2,
      durationSeconds: 3600,
      disk: "work",
      image: undefined,
      labels: {},
    },
    state: "ready",
    createdAt: "2026-11-23T12:00:00.000Z",
    readyAt: "2026-11-23T12:01:00.000Z",
    expiresAt: "2026-11-23T15:00:00.000Z",
    generation: 1,
    ...overrides,
  };
}

export interface LiveUnderTest extends Pick<Live, "state" | "onDidChange"> {
  state: LiveState;
  show(reservations: readonly Reservation[] | undefined): void;
}

/** The window's copy of the server's state, which tests change with `show`. */
export function liveWith(first: readonly Reservation[] | undefined): LiveUnderTest {
  const changes = createEmitter<LiveChange>();
  const stateOf = (reservations: readonly Reservation[] | undefined): LiveState => ({
    contact: { kind: "live" },
    asOf: NOW,
    reservations,
    availability: undefined,
    disks: undefined,
    catalogue: undefined,
  });
  const live: LiveUnderTest = {
    state: stateOf(first),
    onDidChange: (listener) => changes.on(listener),
    show: (reservations) => {
      live.state = stateOf(reservations);
      changes.fire({ reservations: "all", availability: false, disks: false, contact: false });
    },
  };
  return live;
}
