import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import type { KubeObject } from "../kube/kubeObject.ts";
import type { StatusCause } from "../kube/statusError.ts";
import type { PodSpec } from "./pod.ts";
import { setPodSpecDefaults } from "./podDefaults.ts";
import { podSpecShape } from "./podType.ts";
import { validatePodSpec } from "./podValidation.ts";
import { required, invalidField, type ResourceType } from "./resourceType.ts";
import { invalidLabels } from "./shapes.ts";

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

const NO_CONTAINERS: PodSpec = { containers: [] };

/** Runs a pod to its end, and again after a failure; `controllers/jobs.ts` creates the pods. */
export const jobType: ResourceType<Job> = {
  group: "batch",
  version: "v1",
  kind: "Job",
  resource: "jobs",
  shortNames: [],
  namespaced: true,
  counted: true,
  subresources: ["status"],
  // The API's original default: clients that want the pods removed must request it.
  orphansByDefault: true,
  schema: z.looseObject({
    spec: z.looseObject({
      // Without a template or containers, validation below names the missing path.
      template: z
        .looseObject({
          spec: podSpecShape.partial({ containers: true }).optional(),
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
    // Without containers, validation below names the missing path.
    draft.spec.template.spec = { ...NO_CONTAINERS, ...draft.spec.template.spec };
    const generated = generatedLabels(draft);
    const labels = { ...draft.spec.template.metadata?.labels, ...generated };
    draft.spec.template.metadata = { ...draft.spec.template.metadata, labels };
    draft.metadata.labels ??= labels;
    const controller = "batch.kubernetes.io/controller-uid";
    draft.spec.selector = { matchLabels: { [controller]: draft.metadata.uid } };
  },
  setDefaults(draft) {
    draft.status ??= {};
    const { spec } = draft;
    // With parallelism alone, the number of completions stays open.
    if (spec.parallelism === undefined) spec.completions ??= 1;
    spec.parallelism ??= 1;
    spec.backoffLimit ??= 6;
    spec.suspend ??= false;
    spec.manualSelector ??= false;
    spec.completionMode ??= "NonIndexed";
    spec.podReplacementPolicy ??= "TerminatingOrFailed";
    const requested = spec.template.spec.restartPolicy;
    setPodSpecDefaults(spec.template.spec);
    if (requested === undefined) delete spec.template.spec.restartPolicy;
  },
  validate(job) {
    const { spec, metadata } = job;
    const pod = spec.template.spec;
    const restarts = pod.restartPolicy !== "OnFailure" && pod.restartPolicy !== "Never";
    const path = "spec.template.spec";
    // Labels that the job copied from its template are reported there.
    const names = Object.keys(generatedLabels(job));
    const own = Object.entries(metadata.labels ?? {}).filter(([name]) => !names.includes(name));
    return [
      ...selectorCauses(spec),
      ...invalidLabels(Object.fromEntries(own)).map((message) =>
        invalidField("metadata.labels", message),
      ),
      ...invalidLabels(spec.template.metadata?.labels).map((message) =>
        invalidField("spec.template.labels", message),
      ),
      ...(pod.containers.length === 0 ? [required(`${path}.containers`)] : []),
      ...validatePodSpec(pod, path),
      ...(restarts ? [required(`${path}.restartPolicy`)] : []),
    ];
  },
  validateUpdate({ spec: next }, { spec: old }) {
    const fixed = ["selector", "completions", "completionMode"] as const;
    const changed = fixed.filter((field) => !isDeepStrictEqual(next[field], old[field]));
    // The template of a suspended job may still change.
    const started = old.suspend !== true && !isDeepStrictEqual(next.template, old.template);
    return [...changed, ...(started ? ["template"] : [])].map((field) =>
      invalidField(`spec.${field}`, "Invalid value: field is immutable"),
    );
  },
};

/** A replacement may omit the selector that the server generated, but must not change it. */
function selectorCauses({ selector, template }: Job["spec"]): StatusCause[] {
  const selected = Object.entries(selector?.matchLabels ?? {});
  const labels = template.metadata?.labels ?? {};
  const matches = selected.length > 0 && selected.every(([name, value]) => labels[name] === value);
  const message = "Invalid value: `selector` does not match template `labels`";
  return [
    ...(selector === undefined ? [required("spec.selector")] : []),
    ...(matches ? [] : [invalidField("spec.template.metadata.labels", message)]),
  ];
}

/** Each label under two names: the second pair predates label prefixes. */
function generatedLabels({ metadata: { uid, name } }: Job): Record<string, string> {
  return {
    "batch.kubernetes.io/controller-uid": uid,
    "batch.kubernetes.io/job-name": name,
    "controller-uid": uid,
    "job-name": name,
  };
}
