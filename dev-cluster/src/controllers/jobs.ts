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
  for (const job of operations.list(jobType)) {
    if (job.metadata.deletionTimestamp !== undefined || isOver(job)) continue;
    const pods = operations
      .list(podType, job.metadata.namespace)
      .filter((pod) => isOwnedBy(pod, job));
    const status = statusOf(job, pods, timestamp(operations.clock.now()));
    operations.edit(
      jobType,
      job.metadata,
      (draft) => {
        draft.status = status;
      },
      { subresource: "status" },
    );
    if (isOver({ ...job, status })) continue;
    for (let missing = missingPods(job, status); missing > 0; missing -= 1) {
      createPod(operations, job);
    }
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
  const wanted = Math.min(spec.parallelism ?? 1, (spec.completions ?? 1) - succeeded);
  return wanted - active;
}

function statusOf({ spec, status }: Job, pods: readonly Pod[], now: string): JobStatus {
  const count = (phase: string) => pods.filter((pod) => pod.status?.phase === phase).length;
  const [succeeded, failed] = [count("Succeeded"), count("Failed")];
  const active = pods.filter((pod) => !isTerminal(pod)).length;
  const counted: JobStatus = {
    startTime: status?.startTime ?? now,
    ...(active > 0 ? { active } : {}),
    ...(succeeded > 0 ? { succeeded } : {}),
    ...(failed > 0 ? { failed } : {}),
  };
  if (succeeded >= (spec.completions ?? 1)) {
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
