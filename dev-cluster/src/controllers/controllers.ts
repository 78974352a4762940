import type { Clock } from "../clock.ts";
import type { ObjectOperations } from "../objects/objectOperations.ts";
import type { Pod } from "../resources/pod.ts";
import { isTerminal } from "../resources/pod.ts";
import { storageKey } from "../resources/resourceType.ts";
import { leaseType, eventType } from "../resources/simpleTypes.ts";
import type { Change } from "../store/objectStore.ts";
import { collectGarbage } from "./garbageCollector.ts";
import { runJobs } from "./jobs.ts";
import { Leftovers } from "./leftovers.ts";
import { createNamespaces, tendNamespaces } from "./namespaces.ts";
import { NodeLifecycle } from "./nodeLifecycle.ts";
import type { PassOptions } from "./passes.ts";
import { Passes } from "./passes.ts";
import { releaseVolumes } from "./volumeProtection.ts";

export interface ControllerOptions {
  operations: ObjectOperations;
  clock: Clock;
  leaseMillis: number;
  quarantineMillis: number;
  onError: (error: unknown) => void;
}

/** Starts all of them; answers how to stop them. */
export function startControllers(options: ControllerOptions): () => void {
  const { operations, clock, leaseMillis, quarantineMillis, onError } = options;
  const { store } = operations;
  createNamespaces(operations);
  const lifecycle = new NodeLifecycle({ operations, clock, leaseMillis });
  const leftovers = new Leftovers({ operations, clock, quarantineMillis });
  const settings = { operations, lifecycle, leftovers, leaseMillis, quarantineMillis };
  const all = passesOf(settings).map((job) => new Passes({ store, onError, ...job }));
  for (const passes of all) passes.start();
  return () => {
    for (const passes of all) passes.stop();
  };
}

type Pass = Pick<PassOptions, "concerns" | "run" | "everyMillis">;

interface PassSettings extends Pick<
  ControllerOptions,
  "operations" | "leaseMillis" | "quarantineMillis"
> {
  lifecycle: NodeLifecycle;
  leftovers: Leftovers;
}

/** What each looks after, and what makes it look. */
function passesOf(settings: PassSettings): Pass[] {
  const { operations, lifecycle, leftovers, leaseMillis, quarantineMillis } = settings;
  const byTheClock = Math.max(20, Math.min(leaseMillis / 8, 5000));
  const bySlowClock = Math.max(20, Math.min(quarantineMillis / 4, 30_000));
  return [
    {
      concerns: mayOrphan,
      run: () => {
        collectGarbage(operations);
      },
    },
    {
      concerns: endsOrNames,
      run: () => {
        tendNamespaces(operations);
      },
    },
    {
      concerns: mayRelease,
      run: () => {
        releaseVolumes(operations);
      },
    },
    {
      concerns: isOfJobs,
      run: () => {
        runJobs(operations);
      },
    },
    {
      concerns: isNode,
      run: () => {
        lifecycle.run();
      },
      everyMillis: byTheClock,
    },
    {
      concerns: isNode,
      run: () => {
        leftovers.run();
      },
      everyMillis: bySlowClock,
    },
  ];
}

const FREQUENT = new Set([storageKey(leaseType), storageKey(eventType)]);

/** An owner went or is to go, or something came whose owner may be gone already. */
const mayOrphan = ({ resource, type, object: { metadata } }: Change) =>
  !FREQUENT.has(resource) &&
  (type === "DELETED" ||
    metadata.deletionTimestamp !== undefined ||
    (metadata.ownerReferences ?? []).length > 0);

const endsOrNames = (change: Change) =>
  change.resource === "namespaces" || change.type === "DELETED";

const mayRelease = ({ resource, type, object }: Change) =>
  (resource === "pods" && (type === "DELETED" || isOver(object))) ||
  (resource.startsWith("persistentvolume") &&
    (object.metadata.deletionTimestamp !== undefined ||
      !(object.metadata.finalizers ?? []).some((each) => each.endsWith("-protection"))));

const isOver = (object: Change["object"]) => isTerminal(object as Pod);

const isOfJobs = ({ resource, object }: Change) =>
  resource === "jobs.batch" ||
  (resource === "pods" && (object.metadata.ownerReferences ?? []).some((o) => o.kind === "Job"));

const isNode = (change: Change) => change.resource === "nodes";
