import { MERGE, PODS, create, get, patch, pod, remove } from "./steps.ts";
import type { Step } from "./steps.ts";

const EVICTION = { apiVersion: "policy/v1", kind: "Eviction", metadata: { name: "workspace" } };

/** How pods come to nodes, and go. The pod `workspace` is there by then. */
export const POD_END_STEPS: readonly Step[] = [
  create("bound by its maker", PODS, pod("bound", { nodeName: "no-such-node" })),
  remove("a bound pod waits for its node", `${PODS}/bound`),
  remove("a shorter grace", `${PODS}/bound`, { gracePeriodSeconds: 1 }),
  patch("a finalizer on what is being deleted", `${PODS}/bound`, MERGE, {
    metadata: { finalizers: ["example.org/x"] },
  }),
  remove("without grace", `${PODS}/bound`, { gracePeriodSeconds: 0 }),
  get("and is gone", `${PODS}/bound`),
  create("an eviction of what is not there", `${PODS}/nowhere/eviction`, {
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
  create("a dry run by its options", `${PODS}/workspace/eviction`, {
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
  get("none of which left a mark", `${PODS}/workspace`),
  create("an eviction", `${PODS}/workspace/eviction`, EVICTION),
  get("which is a deletion", `${PODS}/workspace`),
  get("a kind that there is not", "/api/v1/namespaces/{ns}/unicorns"),
  get("a path that there is not", "/api/v7"),
  { says: "a method that there is not", method: "PUT" as const, path: PODS, body: {} },
];
