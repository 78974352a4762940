import { Second } from "@gpu-dev/shared/durations.ts";
import type { StartingPhase } from "@gpu-dev/shared/states.ts";
import type { PodView } from "../../cluster/port.ts";
import { restartCause } from "./messages.ts";

/** The progress of a start as its pod shows it, or why this start cannot succeed. */
export type StartProgress =
  | { readonly kind: "ready" }
  | {
      readonly kind: "phase";
      readonly phase: StartingPhase;
      readonly detail: string;
      /** Pulling its image has failed so far. */
      readonly isPullFailing?: boolean;
    }
  /** Another attempt can succeed, possibly on another node. */
  | { readonly kind: "replace"; readonly why: string }
  | { readonly kind: "fail"; readonly why: string };

/** A pod may be unschedulable for a short time, while its volume is bound or a pod ends. */
const UNSCHEDULABLE_GRACE_MS = 15 * Second.ms;
/** Covers a short outage of the registry; an invalid image name never recovers. */
const PULL_GRACE_MS = 20 * Second.ms;
const MAX_RESTARTS = 5;

const PULL_FAILURES = ["ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"];

/**
 * @param context.pullFailingSince when the image pull was first observed to fail; undefined if it
 * does not fail
 */
export function assessStart(
  pod: PodView,
  context: {
    readonly now: Date;
    readonly pullFailingSince: Date | undefined;
    readonly image: string;
  },
): StartProgress {
  if (pod.deleting) return { kind: "replace", why: "its pod was removed by the cluster" };
  if (pod.phase === "Failed" || pod.phase === "Succeeded") {
    return { kind: "replace", why: `its pod was rejected${statusOf(pod)}` };
  }
  if (pod.ready && pod.podIp !== undefined) return { kind: "ready" };
  if (pod.node === undefined) return assessScheduling(pod, context.now);
  if (pod.waiting && PULL_FAILURES.includes(pod.waiting.reason)) return pullFailure(pod, context);
  if (pod.restarts >= MAX_RESTARTS) {
    return { kind: "fail", why: `its container keeps ending${terminationOf(pod)}` };
  }
  return assessContainer(pod, pod.node, context.image);
}

function assessScheduling(pod: PodView, now: Date): StartProgress {
  if (pod.unschedulable === undefined) {
    return { kind: "phase", phase: "placing", detail: "Waiting for the scheduler." };
  }
  if (now.getTime() - pod.createdAt.getTime() > UNSCHEDULABLE_GRACE_MS) {
    return { kind: "replace", why: `the scheduler found no node for it: ${pod.unschedulable}` };
  }
  return { kind: "phase", phase: "placing", detail: `The scheduler reports: ${pod.unschedulable}` };
}

function pullFailure(
  pod: PodView,
  context: {
    readonly now: Date;
    readonly pullFailingSince: Date | undefined;
    readonly image: string;
  },
): StartProgress {
  const { reason = "", message = "", image } = pod.waiting ?? {};
  const why = `the image ${image ?? context.image} could not be pulled (${reason}): ${message}`;
  const { pullFailingSince: since, now } = context;
  if (since && now.getTime() - since.getTime() > PULL_GRACE_MS) return { kind: "fail", why };
  return { kind: "phase", phase: "pulling", detail: `So far ${why}`, isPullFailing: true };
}

function assessContainer(pod: PodView, node: string, image: string): StartProgress {
  if (pod.waiting?.reason === "CreateContainerConfigError") {
    return { kind: "phase", phase: "booting", detail: pod.waiting.message };
  }
  if (pod.waiting && pod.waiting.reason !== "CrashLoopBackOff") {
    return { kind: "phase", phase: "pulling", detail: `Pulling ${image} on ${node}.` };
  }
  if (pod.phase === "Running") {
    const restarted = pod.restarts > 0 ? ` ${restartCause(pod)} It was restarted.` : "";
    const detail = `Waiting for its SSH server on ${node}.${restarted}`;
    return { kind: "phase", phase: "booting", detail };
  }
  return { kind: "phase", phase: "pulling", detail: `Preparing its pod on ${node}.` };
}

function statusOf(pod: PodView): string {
  const status = [pod.reason, pod.message].filter((text) => text !== undefined).join(": ");
  return status === "" ? "" : ` (${status})`;
}

function terminationOf({ lastTermination }: PodView): string {
  if (!lastTermination) return "";
  return lastTermination.reason === "OOMKilled"
    ? " (out of memory)"
    : ` (${lastTermination.reason}, exit code ${String(lastTermination.exitCode)})`;
}
