import type { Decision } from "./decision.ts";
import type { Observation } from "./observe.ts";
import { decideQueued } from "./states/queued.ts";
import { decideReady } from "./states/ready.ts";
import { decideStarting } from "./states/starting.ts";
import { decideStopping } from "./states/stopping.ts";

/** The next step of a reservation. Pure: no context, no clock, no call. */
export function decide(seen: Observation): Decision {
  switch (seen.row.state) {
    case "queued":
      return decideQueued(seen);
    case "starting":
      return decideStarting(seen);
    case "ready":
      return decideReady(seen);
    case "stopping":
      return decideStopping(seen);
    case "ended":
    case "failed":
      return { kind: "wait", checkAt: undefined };
  }
}
