import { Second, type Clock } from "../platform/clock.ts";
import type { ObjectOperations } from "../objects/objectOperations.ts";
import { isTerminal, type Pod } from "../resources/pod.ts";
import { storageKey } from "../resources/resourceType.ts";
import { leaseType, eventType } from "../resources/simpleTypes.ts";
import type { Change } from "../store/objectStore.ts";
import { collectGarbage } from "./garbageCollector.ts";
import { runJobs } from "./jobs.ts";
import { createLeftoverRemoval } from "./leftovers.ts";
import { createNamespaces, reconcileNamespaces } from "./namespaces.ts";
import { NodeLifecycle } from "./nodeLifecycle.ts";
import { startPasses, type PassOptions } from "./passes.ts";
import { releaseVolumes } from "./volumeProtection.ts";

export interface ControllerOptions {
  readonly operations: ObjectOperations;
  readonly clock: Clock;
  readonly leaseMs: number;
  readonly quarantineMs: number;
  readonly onError: (error: unknown) => void;
}

/** Starts all controllers; returns a function that stops them. */
export function startControllers(options: ControllerOptions): () => void {
  const { operations, clock, leaseMs, quarantineMs, onError } = options;
  const { store } = operations;
  createNamespaces(operations);
  const lifecycle = new NodeLifecycle({ operations, clock, leaseMs });
  const removeLeftovers = createLeftoverRemoval({ operations, clock, quarantineMs });
  const settings = { operations, lifecycle, removeLeftovers, leaseMs, quarantineMs };
  const stops = passesOf(settings).map((pass) => startPasses({ store, onError, ...pass }));
  return () => {
    for (const stop of stops) stop();
  };
}

type Pass = Pick<PassOptions, "concerns" | "run" | "everyMs">;

interface PassSettings extends Pick<ControllerOptions, "operations" | "leaseMs" | "quarantineMs"> {
  readonly lifecycle: NodeLifecycle;
  readonly removeLeftovers: () => void;
}

/** The pass of each controller, and the changes and intervals that trigger it. */
function passesOf(settings: PassSettings): Pass[] {
  const { operations, lifecycle, removeLeftovers, leaseMs, quarantineMs } = settings;
  const lifecycleMs = Math.max(20, Math.min(leaseMs / 8, 5 * Second.ms));
  const leftoversMs = Math.max(20, Math.min(quarantineMs / 4, 30 * Second.ms));
  return [
    {
      concerns: mayOrphan,
      run: () => {
        collectGarbage(operations);
      },
    },
    {
      concerns: mayChangeNamespaces,
      run: () => {
        reconcileNamespaces(operations);
      },
    },
    {
      concerns: mayRelease,
      run: () => {
        releaseVolumes(operations);
      },
    },
    {
      concerns: mayChangeJobs,
      run: () => {
        runJobs(operations);
      },
    },
    {
      concerns: isNode,
      run: () => {
        lifecycle.run();
      },
      everyMs: lifecycleMs,
    },
    {
      concerns: isNode,
      run: removeLeftovers,
      everyMs: leftoversMs,
    },
  ];
}

const FREQUENT = new Set([storageKey(leaseType), storageKey(eventType)]);

/**
 * An owner is removed or being deleted, or an object appears whose owner may be removed already.
 */
const mayOrphan = ({ resource, type, object: { metadata } }: Change) =>
  !FREQUENT.has(resource) &&
  (type === "DELETED" ||
    metadata.deletionTimestamp !== undefined ||
    (metadata.ownerReferences ?? []).length > 0);

const mayChangeNamespaces = (change: Change) =>
  change.resource === "namespaces" || change.type === "DELETED";

const mayRelease = ({ resource, type, object }: Change) =>
  (resource === "pods" && (type === "DELETED" || hasEnded(object))) ||
  (resource.startsWith("persistentvolume") &&
    (object.metadata.deletionTimestamp !== undefined ||
      !(object.metadata.finalizers ?? []).some((each) => each.endsWith("-protection"))));

const hasEnded = (object: Change["object"]) => isTerminal(object as Pod);

const mayChangeJobs = ({ resource, object }: Change) =>
  resource === "jobs.batch" ||
  (resource === "pods" && (object.metadata.ownerReferences ?? []).some((o) => o.kind === "Job"));

const isNode = (change: Change) => change.resource === "nodes";
