import type { PodView } from "../../cluster/port.ts";
import type { StartingPhase } from "@gpu-dev/shared/states.ts";

/** What a pod that is starting shows: how far it is, or why this start leads nowhere. */
export type StartAssessment =
  | { readonly kind: "ready" }
  | { readonly kind: "phase"; readonly phase: StartingPhase; readonly detail: string }
  /** Not this pod's fault: another attempt, perhaps on another node, may do. */
  | { readonly kind: "replace"; readonly why: string }
  | { readonly kind: "fail"; readonly why: string };

/** The scheduler may say no for a moment, while a volume is bound or a daemon makes room. */
const UNSCHEDULABLE_GRACE_MS = 15_000;
/** A registry's hiccup is over by then; a wrong name is not. */
const PULL_GRACE_MS = 20_000;
const MOST_RESTARTS = 5;

const PULL_FAILURES = ["ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"];

/** @param failingSince when the image was first seen failing; null while it is not */
export function assessStart(
  pod: PodView,
  { now, failingSince, image }: { now: Date; failingSince: Date | null; image: string },
): StartAssessment {
  if (pod.deleting) return { kind: "replace", why: "its pod was removed by the cluster" };
  if (pod.phase === "Failed" || pod.phase === "Succeeded") {
    return { kind: "replace", why: `its pod was turned away${reasonOf(pod)}` };
  }
  if (pod.ready && pod.podIp !== null) return { kind: "ready" };
  if (pod.unschedulable !== null && pod.node === null) return unschedulable(pod, now);
  if (pod.node === null) {
    return { kind: "phase", phase: "placing", detail: "Waiting for the scheduler." };
  }
  const pull = pod.waiting && PULL_FAILURES.includes(pod.waiting.reason);
  if (pull) return pullFailure(pod, image, now, failingSince);
  if (pod.restarts >= MOST_RESTARTS) {
    return { kind: "fail", why: `its container keeps ending${terminationOf(pod)}` };
  }
  if (pod.waiting?.reason === "CreateContainerConfigError") {
    return { kind: "phase", phase: "booting", detail: pod.waiting.message };
  }
  if (pod.waiting && pod.waiting.reason !== "CrashLoopBackOff") {
    return { kind: "phase", phase: "pulling", detail: `Pulling ${image} on ${pod.node}.` };
  }
  if (pod.phase === "Running") {
    const again =
      pod.restarts > 0 ? ` Its container ended${terminationOf(pod)} and runs again.` : "";
    return {
      kind: "phase",
      phase: "booting",
      detail: `Waiting for its SSH server on ${pod.node}.${again}`,
    };
  }
  return { kind: "phase", phase: "pulling", detail: `Getting ready on ${pod.node}.` };
}

function unschedulable(pod: PodView, now: Date): StartAssessment {
  const words = pod.unschedulable ?? "";
  if (now.getTime() - pod.createdAt.getTime() > UNSCHEDULABLE_GRACE_MS) {
    return { kind: "replace", why: `the scheduler found no place for it: ${words}` };
  }
  return { kind: "phase", phase: "placing", detail: `The scheduler says: ${words}` };
}

function pullFailure(
  pod: PodView,
  image: string,
  now: Date,
  failingSince: Date | null,
): StartAssessment {
  const words = pod.waiting?.message ?? "";
  const said = `the image ${pod.waiting?.image ?? image} could not be pulled (${pod.waiting?.reason ?? ""}): ${words}`;
  if (failingSince && now.getTime() - failingSince.getTime() > PULL_GRACE_MS) {
    return { kind: "fail", why: said };
  }
  return { kind: "phase", phase: "image", detail: `So far ${said}` };
}

function reasonOf(pod: PodView): string {
  const words = [pod.reason, pod.message].filter((word) => word !== null).join(": ");
  return words === "" ? "" : ` (${words})`;
}

function terminationOf({ lastTermination }: PodView): string {
  if (!lastTermination) return "";
  return lastTermination.reason === "OOMKilled"
    ? " out of memory"
    : ` (${lastTermination.reason}, exit code ${String(lastTermination.exitCode)})`;
}
