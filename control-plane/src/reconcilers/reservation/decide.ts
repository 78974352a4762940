import type { Decision } from "./decision.ts";
import type { Observation } from "./observation.ts";
import { decideQueued } from "./states/queued.ts";
import { decideReady } from "./states/ready.ts";
import { decideStarting } from "./states/starting.ts";
import { decideStopping } from "./states/stopping.ts";

/** Decides the next step of a reservation. Pure: reads nothing but the observation. */
export function decide(observation: Observation): Decision {
  switch (observation.row.state) {
    case "queued":
      return decideQueued(observation);
    case "starting":
      return decideStarting(observation);
    case "ready":
      return decideReady(observation);
    case "stopping":
      return decideStopping(observation);
    case "ended":
    case "failed":
      return { kind: "wait", checkAt: undefined };
  }
}
