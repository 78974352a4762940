import type { EndReason } from "@gpu-dev/shared/states.ts";

/** Why a reservation is over, in the few words that a row has room for. */
export function endWords(reason: EndReason | null): string {
  return reason === null ? "over" : END_WORDS[reason];
}

const END_WORDS = {
  expired: "time was up",
  cancelled: "cancelled",
  released: "given back",
  idle: "idle for too long",
  unclaimed: "not claimed in time",
  "start-failed": "could not start",
  "node-lost": "node was lost",
  evicted: "evicted from its node",
  interrupted: "interrupted",
  horizon: "waited too long",
  "crash-loop": "kept crashing",
} as const satisfies Record<EndReason, string>;
