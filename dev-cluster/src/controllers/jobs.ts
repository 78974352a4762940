import { timestamp } from "../clock.ts";
import type { ObjectOperations } from "../objects/objectOperations.ts";
import { jobType, type Job, type JobStatus } from "../resources/job.ts";
import type { Pod } from "../resources/pod.ts";
import { isTerminal } from "../resources/pod.ts";
import { podType } from "../resources/podType.ts";

/**
 * Makes as many pods as each job still wants, and counts how they ended. A job is over when enough of them succeeded, or
 * when more failed than it bears. Indexed jobs and deadlines are not known here.
 */
export function runJobs(operations: ObjectOperations): void {
  const errors: unknown[] = [];
  for (const job of operations.list(jobType)) {
    if (job.metadata.deletionTimestamp !== undefined || isOver(job)) continue;
    try {
      runJob(operations, job);
    } catch (error) {
      // The others go on; the pass is tried again.
      errors.push(error);
    }
  }
  if (errors.length > 0) throw new AggregateError(errors, errors.map(String).join("; "));
}

function runJob(operations: ObjectOperations, job: Job): void {
  const pods = operations
    .list(podType, job.metadata.namespace)
    .filter((pod) => isOwnedBy(pod, job));
  const status = statusOf(job, pods, timestamp(operations.clock.now()));
  const change = (draft: Job) => {
    draft.status = status;
  };
  operations.edit(jobType, job.metadata, change, { subresource: "status" });
  if (isOver({ ...job, status })) return;
  for (let missing = missingPods(job, status); missing > 0; missing -= 1) {
    createPod(operations, job);
  }
}

const isOver = ({ status }: Pick<Job, "status">): boolean =>
  status?.conditions?.some(
    ({ type, status: is }) => is === "True" && (type === "Complete" || type === "Failed"),
  ) ?? false;

const isOwnedBy = (pod: Pod, job: Job): boolean =>
  (pod.metadata.ownerReferences ?? []).some(({ uid }) => uid === job.metadata.uid);

function missingPods({ spec }: Job, { active = 0, succeeded = 0 }: JobStatus): number {
  if (spec.suspend === true) return 0;
  // Without a number of completions, no further one begins once one has succeeded.
  const left = spec.completions ?? (succeeded > 0 ? active + succeeded : Infinity);
  return Math.min(spec.parallelism ?? 1, left - succeeded) - active;
}

function statusOf({ spec, status }: Job, pods: readonly Pod[], now: string): JobStatus {
  const count = (phase: string) => pods.filter((pod) => pod.status?.phase === phase).length;
  const [succeeded, failed] = [count("Succeeded"), count("Failed")];
  const active = pods.filter((pod) => !isTerminal(pod)).length;
  const counted: JobStatus = {
    // One that is held back has not begun.
    ...(spec.suspend === true ? {} : { startTime: status?.startTime ?? now }),
    ...(active > 0 ? { active } : {}),
    ...(succeeded > 0 ? { succeeded } : {}),
    ...(failed > 0 ? { failed } : {}),
  };
  const isDone =
    spec.completions === undefined ? succeeded > 0 && active === 0 : succeeded >= spec.completions;
  if (isDone) {
    const conditions = [{ type: "Complete", status: "True", reason: "CompletionsReached" }];
    return { ...counted, completionTime: now, conditions };
  }
  if (failed <= (spec.backoffLimit ?? 6)) return counted;
  const condition = { type: "Failed", status: "True", reason: "BackoffLimitExceeded" };
  return { ...counted, conditions: [condition] };
}

function createPod(operations: ObjectOperations, job: Job): void {
  const { name, namespace, uid } = job.metadata;
  const { metadata, spec } = job.spec.template;
  const owner = { apiVersion: "batch/v1", kind: "Job", name, uid, controller: true };
  operations.create(podType, namespace, {
    metadata: {
      ...metadata,
      generateName: `${name}-`,
      ownerReferences: [{ ...owner, blockOwnerDeletion: true }],
    },
    spec,
  });
}
