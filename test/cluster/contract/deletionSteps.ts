import { CONFIG_MAPS, MERGE, create, get, object, patch, remove, type Step } from "./steps.ts";

const JOBS = "/apis/batch/v1/namespaces/{ns}/jobs";
const job = (name: string) =>
  object(
    "Job",
    name,
    {
      spec: {
        suspend: true,
        template: { spec: { restartPolicy: "Never", containers: [{ name: "main", image: "x" }] } },
      },
    },
    "batch/v1",
  );
/** Has a finalizer, so that the garbage collector does not remove it between two steps. */
const held = (name: string) => ({
  ...object("ConfigMap", name),
  metadata: { name, finalizers: ["example.org/hold"] },
});
const of = (name: string) => `${CONFIG_MAPS}/${name}`;

/**
 * Deletions with options for dependents. controllers.test.ts and collection.test.ts test the
 * effects.
 */
export const DELETION_STEPS: readonly Step[] = [
  create("a map", CONFIG_MAPS, held("background")),
  remove("in the background", `${of("background")}?propagationPolicy=Background`),
  patch("removed with its last finalizer", of("background"), MERGE, {
    metadata: { finalizers: null },
  }),
  create("another map", CONFIG_MAPS, held("foreground")),
  remove(
    "a dry run in the foreground",
    `${of("foreground")}?propagationPolicy=Foreground&dryRun=All`,
  ),
  remove("an unknown propagation policy", `${of("foreground")}?propagationPolicy=Maybe`),
  remove("orphanDependents with a propagation policy", of("foreground"), {
    propagationPolicy: "Orphan",
    orphanDependents: true,
  }),
  remove("a grace period that is not a number", of("foreground"), { gracePeriodSeconds: "soon" }),
  get("unchanged by these deletions", of("foreground")),
  create("a job", JOBS, job("plain")),
  remove("a job, without a propagation policy", `${JOBS}/plain?dryRun=All`),
  remove("a job in the background", `${JOBS}/plain?propagationPolicy=Background&dryRun=All`),
  remove("a job with its pods, by orphanDependents", `${JOBS}/plain`, {
    orphanDependents: false,
    dryRun: ["All"],
  }),
  remove("options in the body, which take precedence", `${JOBS}/plain?propagationPolicy=Maybe`, {
    propagationPolicy: "Background",
    dryRun: ["All"],
  }),
  remove("a job", `${JOBS}/plain?propagationPolicy=Background`),
];
