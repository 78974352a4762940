import { Minute, Second } from "../platform/clock.ts";
import type { NodeFaults } from "../faults/faultState.ts";
import { isAborted, pause } from "../platform/abortSignals.ts";
import type { EventRecorder } from "./eventRecorder.ts";
import type { Container, Pod } from "./kubeTypes.ts";

export interface PullOptions {
  readonly pod: Pod;
  readonly container: Container;
  readonly faults: NodeFaults;
  readonly events: EventRecorder;
  /** Reports why the container is waiting. */
  readonly reportWaiting: (reason: string, message: string) => void;
  readonly ending: AbortSignal;
}

const FIRST_BACK_OFF_MS = 10 * Second.ms;
const MAX_BACK_OFF_MS = 5 * Minute.ms;

/**
 * Simulates a pull: an image stands for a program on this machine. Injected faults make a pull slow
 * or make it fail, with the events and reasons of a kubelet. Returns false when the pod ended
 * meanwhile.
 */
export async function pullImage(options: PullOptions): Promise<boolean> {
  const { pod, container, faults, events, reportWaiting, ending } = options;
  const { image } = container;
  let backOff = FIRST_BACK_OFF_MS;
  while (!ending.aborted) {
    events.record(pod, "Pulling", `Pulling image "${image}"`);
    await pause(faults.pullMs(image), ending);
    if (isAborted(ending)) return false;
    if (!faults.pullFails(image)) {
      events.record(pod, "Pulled", `Image "${image}" is present`);
      return true;
    }
    const message = `failed to pull image "${image}": injected fault`;
    events.record(pod, "Failed", message);
    reportWaiting("ErrImagePull", message);
    await pauseUntilPullsChange(Math.min(Second.ms, backOff), faults, ending);
    if (faults.pullFails(image)) {
      events.record(pod, "BackOff", `Back-off pulling image "${image}"`);
      reportWaiting("ImagePullBackOff", `Back-off pulling image "${image}"`);
      await pauseUntilPullsChange(backOff, faults, ending);
      backOff = Math.min(backOff * 2, MAX_BACK_OFF_MS);
    }
  }
  return false;
}

async function pauseUntilPullsChange(
  ms: number,
  faults: NodeFaults,
  ending: AbortSignal,
): Promise<void> {
  const changed = new AbortController();
  const onChange = (): void => {
    changed.abort();
  };
  faults.once("pullsChanged", onChange);
  await pause(ms, AbortSignal.any([ending, changed.signal]));
  faults.off("pullsChanged", onChange);
}
