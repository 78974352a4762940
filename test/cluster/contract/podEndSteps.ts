import { MERGE, PODS, create, get, patch, pod, remove, type Step } from "./steps.ts";

const EVICTION = { apiVersion: "policy/v1", kind: "Eviction", metadata: { name: "workspace" } };

/** Bindings and ends of pods. The pod `workspace` exists by then. */
export const POD_END_STEPS: readonly Step[] = [
  create("a pod created with a node", PODS, pod("bound", { nodeName: "no-such-node" })),
  remove("a bound pod, which waits for its node", `${PODS}/bound`),
  remove("a shorter grace period", `${PODS}/bound`, { gracePeriodSeconds: 1 }),
  patch("a new finalizer during a deletion", `${PODS}/bound`, MERGE, {
    metadata: { finalizers: ["example.org/x"] },
  }),
  remove("without a grace period", `${PODS}/bound`, { gracePeriodSeconds: 0 }),
  get("a removed pod", `${PODS}/bound`),
  create("an eviction of a pod that does not exist", `${PODS}/nowhere/eviction`, {
    apiVersion: "policy/v1",
    kind: "Eviction",
    metadata: { name: "nowhere" },
  }),
  create("a binding to a node", `${PODS}/workspace/binding`, {
    apiVersion: "v1",
    kind: "Binding",
    metadata: { name: "workspace" },
    target: { kind: "Node", name: "somewhere" },
  }),
  create("a second binding", `${PODS}/workspace/binding`, {
    apiVersion: "v1",
    kind: "Binding",
    metadata: { name: "workspace" },
    target: { kind: "Node", name: "elsewhere" },
  }),
  create("a dry run of an eviction", `${PODS}/workspace/eviction?dryRun=All`, EVICTION),
  create("a dry run in the eviction's options", `${PODS}/workspace/eviction`, {
    ...EVICTION,
    deleteOptions: { dryRun: ["All"] },
  }),
  create("an eviction of another uid", `${PODS}/workspace/eviction`, {
    ...EVICTION,
    deleteOptions: { preconditions: { uid: "00000000-0000-4000-8000-000000000000" } },
  }),
  create("an eviction of an old version", `${PODS}/workspace/eviction`, {
    ...EVICTION,
    deleteOptions: { preconditions: { resourceVersion: "1" } },
  }),
  create("an eviction under another name", `${PODS}/workspace/eviction`, {
    ...EVICTION,
    metadata: { name: "other" },
  }),
  get("unchanged by these evictions", `${PODS}/workspace`),
  create("an eviction", `${PODS}/workspace/eviction`, EVICTION),
  get("an evicted pod, which is being deleted", `${PODS}/workspace`),
  get("an unknown kind", "/api/v1/namespaces/{ns}/unicorns"),
  get("an unknown path", "/api/v7"),
  { title: "an unsupported method", method: "PUT" as const, path: PODS, body: {} },
];
