import type { NodeFaults } from "../faults/faultState.ts";
import { isAborted, pause } from "./abortSignals.ts";
import type { EventRecorder } from "./eventRecorder.ts";
import type { Container, Pod } from "./kubeTypes.ts";

export interface PullOptions {
  pod: Pod;
  container: Container;
  faults: NodeFaults;
  events: EventRecorder;
  /** Reports why the container waits. */
  waiting: (reason: string, message: string) => void;
  over: AbortSignal;
}

const FIRST_BACK_OFF_MILLIS = 10_000;
const MAX_BACK_OFF_MILLIS = 300_000;

/**
 * Nothing is pulled here: an image stands for a program of this machine. Injected faults make it slow or fail, with the
 * events and reasons of a kubelet. Answers false when the pod ended meanwhile.
 */
export async function pullImage(options: PullOptions): Promise<boolean> {
  const { pod, container, faults, events, waiting, over } = options;
  const { image } = container;
  let backOff = FIRST_BACK_OFF_MILLIS;
  while (!over.aborted) {
    events.record(pod, "Pulling", `Pulling image "${image}"`);
    await pause(faults.pullMillis(image), over);
    if (isAborted(over)) return false;
    if (!faults.pullFails(image)) {
      events.record(pod, "Pulled", `Image "${image}" is there`);
      return true;
    }
    const message = `failed to pull image "${image}": injected fault`;
    events.record(pod, "Failed", message);
    waiting("ErrImagePull", message);
    await pauseUntilPullsChange(Math.min(1_000, backOff), faults, over);
    if (faults.pullFails(image)) {
      events.record(pod, "BackOff", `Back-off pulling image "${image}"`);
      waiting("ImagePullBackOff", `Back-off pulling image "${image}"`);
      await pauseUntilPullsChange(backOff, faults, over);
      backOff = Math.min(backOff * 2, MAX_BACK_OFF_MILLIS);
    }
  }
  return false;
}

async function pauseUntilPullsChange(
  millis: number,
  faults: NodeFaults,
  over: AbortSignal,
): Promise<void> {
  const changed = new AbortController();
  const onChange = (): void => {
    changed.abort();
  };
  faults.once("pullsChanged", onChange);
  await pause(millis, AbortSignal.any([over, changed.signal]));
  faults.off("pullsChanged", onChange);
}
