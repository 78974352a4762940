import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import type { KubeObject } from "../kube/kubeObject.ts";
import type { StatusCause } from "../kube/statusError.ts";
import type { PodSpec } from "./pod.ts";
import { setPodSpecDefaults } from "./podDefaults.ts";
import { podSpecShape } from "./podType.ts";
import { validatePodSpec } from "./podValidation.ts";
import type { ResourceType } from "./resourceType.ts";
import { required, wrong } from "./resourceType.ts";
import { wrongLabels } from "./shapes.ts";

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
  // As it was before there were collectors: clients that want the pods gone say so.
  orphansByDefault: true,
  schema: z.looseObject({
    spec: z.looseObject({
      // Without one, or without containers, it is refused below, by the path that is missing.
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
    // A template without containers is refused below, by the path that is missing.
    draft.spec.template.spec = { ...{ containers: [] }, ...draft.spec.template.spec };
    const made = labelsMade(draft);
    const labels = { ...draft.spec.template.metadata?.labels, ...made };
    draft.spec.template.metadata = { ...draft.spec.template.metadata, labels };
    draft.metadata.labels ??= labels;
    const controller = "batch.kubernetes.io/controller-uid";
    draft.spec.selector = { matchLabels: { [controller]: draft.metadata.uid } };
  },
  setDefaults(draft) {
    draft.status ??= {};
    const { spec } = draft;
    // Where one of the two is said, the other is left open: as many as it takes.
    if (spec.parallelism === undefined) spec.completions ??= 1;
    spec.parallelism ??= 1;
    spec.backoffLimit ??= 6;
    spec.suspend ??= false;
    spec.manualSelector ??= false;
    spec.completionMode ??= "NonIndexed";
    spec.podReplacementPolicy ??= "TerminatingOrFailed";
    const asked = spec.template.spec.restartPolicy;
    setPodSpecDefaults(spec.template.spec);
    if (asked === undefined) delete spec.template.spec.restartPolicy;
  },
  validate(job) {
    const { spec, metadata } = job;
    const pod = spec.template.spec;
    const restarts = pod.restartPolicy !== "OnFailure" && pod.restartPolicy !== "Never";
    const path = "spec.template.spec";
    // Those that the job took over from its template are wrong twice.
    const names = Object.keys(labelsMade(job));
    const own = Object.entries(metadata.labels ?? {}).filter(([name]) => !names.includes(name));
    return [
      ...selectorCauses(spec),
      ...wrongLabels(Object.fromEntries(own)).map((why) => wrong("metadata.labels", why)),
      ...wrongLabels(spec.template.metadata?.labels).map((why) =>
        wrong("spec.template.labels", why),
      ),
      ...(pod.containers.length === 0 ? [required(`${path}.containers`)] : []),
      ...validatePodSpec(pod, path),
      ...(restarts ? [required(`${path}.restartPolicy`)] : []),
    ];
  },
  validateUpdate({ spec: next }, { spec: old }) {
    const fixed = ["selector", "completions", "completionMode"] as const;
    const changed = fixed.filter((field) => !isDeepStrictEqual(next[field], old[field]));
    // What has not begun may still be placed elsewhere.
    const begun = old.suspend !== true && !isDeepStrictEqual(next.template, old.template);
    return [...changed, ...(begun ? ["template"] : [])].map((field) =>
      wrong(`spec.${field}`, "Invalid value: field is immutable"),
    );
  },
};

/** A replacement may leave out what the server made; that is no change that it may make. */
function selectorCauses({ selector, template }: Job["spec"]): StatusCause[] {
  const wanted = Object.entries(selector?.matchLabels ?? {});
  const labels = template.metadata?.labels ?? {};
  const matches = wanted.length > 0 && wanted.every(([name, value]) => labels[name] === value);
  const why = "Invalid value: `selector` does not match template `labels`";
  return [
    ...(selector === undefined ? [required("spec.selector")] : []),
    ...(matches ? [] : [wrong("spec.template.metadata.labels", why)]),
  ];
}

/** Two names of each: the second pair is what clients looked for before there were prefixes. */
function labelsMade({ metadata: { uid, name } }: Job): Record<string, string> {
  return {
    "batch.kubernetes.io/controller-uid": uid,
    "batch.kubernetes.io/job-name": name,
    "controller-uid": uid,
    "job-name": name,
  };
}
