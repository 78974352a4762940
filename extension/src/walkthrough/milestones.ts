import { TERMINAL } from "@gpu-dev/shared/states.ts";
import type { AccountState } from "../account/account.ts";
import type { ContextKey } from "../core/commands.ts";
import type { LiveState } from "../live/stateKeeper.ts";

/** The steps of the walkthrough that a user may have done elsewhere, as on the command line. */
export const MILESTONES = [
  "gpuDev.walkthrough.signedIn",
  "gpuDev.walkthrough.reserved",
  "gpuDev.walkthrough.ended",
] as const satisfies readonly ContextKey[];
export type Milestone = (typeof MILESTONES)[number];

export function reachedMilestones(
  { kind }: Pick<AccountState, "kind">,
  { reservations }: Pick<LiveState, "reservations">,
): Readonly<Record<Milestone, boolean>> {
  const all = reservations ?? [];
  return {
    "gpuDev.walkthrough.signedIn": kind === "signedIn",
    "gpuDev.walkthrough.reserved": all.length > 0,
    "gpuDev.walkthrough.ended": all.some(({ state }) => TERMINAL.includes(state)),
  };
}
