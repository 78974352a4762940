import { CONFIG_MAPS, MERGE, create, get, object, patch, remove } from "./steps.ts";
import type { Step } from "./steps.ts";

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
/** Held, so that no collector comes to it between two steps. */
const held = (name: string) => ({
  ...object("ConfigMap", name),
  metadata: { name, finalizers: ["example.org/hold"] },
});
const of = (name: string) => `${CONFIG_MAPS}/${name}`;

/** What a deletion says about dependents. What the collector then does is in controllers.test.ts. */
export const DELETION_STEPS: readonly Step[] = [
  create("a map", CONFIG_MAPS, held("background")),
  remove("in the background", `${of("background")}?propagationPolicy=Background`),
  patch("is gone with what held it", of("background"), MERGE, { metadata: { finalizers: null } }),
  create("another", CONFIG_MAPS, held("foreground")),
  remove(
    "a dry run in the foreground",
    `${of("foreground")}?propagationPolicy=Foreground&dryRun=All`,
  ),
  remove("an unknown policy", `${of("foreground")}?propagationPolicy=Maybe`),
  remove("both ways at once", of("foreground"), {
    propagationPolicy: "Orphan",
    orphanDependents: true,
  }),
  remove("a grace that is no number", of("foreground"), { gracePeriodSeconds: "soon" }),
  get("none of which began it", of("foreground")),
  create("a job", JOBS, job("plain")),
  remove("a job, and nothing said of its pods", `${JOBS}/plain?dryRun=All`),
  remove("a job in the background", `${JOBS}/plain?propagationPolicy=Background&dryRun=All`),
  remove("a job with its pods, said as it once was", `${JOBS}/plain`, {
    orphanDependents: false,
    dryRun: ["All"],
  }),
  remove("a body, and so nothing of the query", `${JOBS}/plain?propagationPolicy=Maybe`, {
    propagationPolicy: "Background",
    dryRun: ["All"],
  }),
  remove("a job for good", `${JOBS}/plain?propagationPolicy=Background`),
];
