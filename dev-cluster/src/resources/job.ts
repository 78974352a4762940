import { z } from "zod";
import type { KubeObject } from "../objects/kubeObject.ts";
import type { PodSpec } from "./pod.ts";
import { setPodSpecDefaults } from "./podDefaults.ts";
import { validatePodSpec } from "./podValidation.ts";
import type { ResourceType } from "./resourceType.ts";
import { required } from "./resourceType.ts";

export interface Job extends KubeObject {
  spec: {
    parallelism?: number;
    completions?: number;
    backoffLimit?: number;
    activeDeadlineSeconds?: number;
    suspend?: boolean;
    manualSelector?: boolean;
    completionMode?: string;
    podReplacementPolicy?: string;
    selector?: { matchLabels?: Record<string, string> };
    template: {
      metadata?: { labels?: Record<string, string>; annotations?: Record<string, string> };
      spec: PodSpec;
    };
  };
  status?: JobStatus;
}

export interface JobStatus {
  active?: number;
  ready?: number;
  succeeded?: number;
  failed?: number;
  startTime?: string;
  completionTime?: string;
  conditions?: { type: string; status: string; reason?: string; message?: string }[];
}

/** A pod run to its end, again where it fails; `controllers/jobs.ts` makes the pods. */
export const jobType: ResourceType<Job> = {
  group: "batch",
  version: "v1",
  kind: "Job",
  resource: "jobs",
  shortNames: [],
  namespaced: true,
  counted: true,
  subresources: ["status"],
  schema: z.looseObject({
    spec: z.looseObject({
      template: z
        .looseObject({
          spec: z.looseObject({ containers: z.array(z.looseObject({})).optional() }).optional(),
        })
        .optional(),
      parallelism: z.number().min(0).optional(),
      completions: z.number().min(0).optional(),
      backoffLimit: z.number().min(0).optional(),
    }),
  }),
  prepareCreate(draft) {
    draft.status = {};
    draft.spec.template = { ...draft.spec.template };
    // A template without containers is refused below, by the path that is missing.
    draft.spec.template.spec = { ...{ containers: [] }, ...draft.spec.template.spec };
    const { uid, name } = draft.metadata;
    // Two names of each: the second pair is what clients looked for before there were prefixes.
    const made = {
      "batch.kubernetes.io/controller-uid": uid,
      "batch.kubernetes.io/job-name": name,
      "controller-uid": uid,
      "job-name": name,
    };
    const labels = { ...draft.spec.template.metadata?.labels, ...made };
    draft.spec.template.metadata = { ...draft.spec.template.metadata, labels };
    draft.metadata.labels ??= labels;
    draft.spec.selector = { matchLabels: { "batch.kubernetes.io/controller-uid": uid } };
  },
  setDefaults({ spec }) {
    spec.parallelism ??= 1;
    spec.completions ??= 1;
    spec.backoffLimit ??= 6;
    spec.suspend ??= false;
    spec.manualSelector ??= false;
    spec.completionMode ??= "NonIndexed";
    spec.podReplacementPolicy ??= "TerminatingOrFailed";
    const asked = spec.template.spec.restartPolicy;
    setPodSpecDefaults(spec.template.spec);
    if (asked === undefined) delete spec.template.spec.restartPolicy;
  },
  validate({ spec }) {
    const pod = spec.template.spec;
    const restarts = pod.restartPolicy !== "OnFailure" && pod.restartPolicy !== "Never";
    const path = "spec.template.spec";
    return [
      ...(pod.containers.length === 0 ? [required(`${path}.containers`)] : []),
      ...validatePodSpec(pod, path),
      ...(restarts ? [required(`${path}.restartPolicy`)] : []),
    ];
  },
};
