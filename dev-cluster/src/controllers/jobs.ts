import { timestamp } from "../platform/clock.ts";
import type { ObjectOperations } from "../objects/objectOperations.ts";
import { jobType, type Job, type JobStatus } from "../resources/job.ts";
import { isTerminal, type Pod } from "../resources/pod.ts";
import { podType } from "../resources/podType.ts";

/**
 * Creates the missing pods of each job and counts how they ended. A job ends when enough of them
 * succeeded, or when more failed than its limit. Indexed jobs and deadlines are not supported.
 */
export function runJobs(operations: ObjectOperations): void {
  const errors: unknown[] = [];
  for (const job of operations.list(jobType)) {
    if (job.metadata.deletionTimestamp !== undefined || hasEnded(job)) continue;
    try {
      runJob(operations, job);
    } catch (error) {
      // The other jobs continue; the pass is retried.
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
  if (hasEnded({ ...job, status })) return;
  for (let missing = missingPods(job, status); missing > 0; missing -= 1) {
    createPod(operations, job);
  }
}

const hasEnded = ({ status }: Pick<Job, "status">): boolean =>
  status?.conditions?.some(
    ({ type, status: value }) => value === "True" && (type === "Complete" || type === "Failed"),
  ) ?? false;

const isOwnedBy = (pod: Pod, job: Job): boolean =>
  (pod.metadata.ownerReferences ?? []).some(({ uid }) => uid === job.metadata.uid);

function missingPods({ spec }: Job, { active = 0, succeeded = 0 }: JobStatus): number {
  if (spec.suspend === true) return 0;
  // Without a number of completions, no further pod starts once one has succeeded.
  const left = spec.completions ?? (succeeded > 0 ? active + succeeded : Infinity);
  return Math.min(spec.parallelism ?? 1, left - succeeded) - active;
}

function statusOf({ spec, status }: Job, pods: readonly Pod[], now: string): JobStatus {
  const count = (phase: string) => pods.filter((pod) => pod.status?.phase === phase).length;
  const [succeeded, failed] = [count("Succeeded"), count("Failed")];
  const active = pods.filter((pod) => !isTerminal(pod)).length;
  const counted: JobStatus = {
    // A suspended job has not started.
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
