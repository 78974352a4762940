import assert from "node:assert/strict";
import { stringify } from "yaml";
import { waitFor } from "../../support/waitFor.ts";
import type { Kubernetes } from "../support/kubernetes.ts";
import { runTool } from "../support/runTool.ts";
import { sharedKubernetes } from "../support/sharedKubernetes.ts";
import { buildTool } from "../tools/tools.ts";
import { CHART, helm, render, SYSTEM, type Manifest } from "./release.ts";

const SETS = ["small", "production", "monitored"] as const;
const file = (set: string) => ["--values", `${CHART}/ci/${set}.yaml`];

/** The Prometheus operator's kind, whose fields are not checked here. */
const MONITORS = "servicemonitors.monitoring.coreos.com";
const MONITORS_PATH = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const anyObject = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
const MONITORS_KIND = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: MONITORS },
  spec: {
    group: "monitoring.coreos.com",
    scope: "Namespaced",
    names: { kind: "ServiceMonitor", plural: "servicemonitors" },
    versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: anyObject } }],
  },
};

describe("the chart", () => {
  let kubernetes: Kubernetes;
  before(async () => {
    kubernetes = await sharedKubernetes();
    const { admin } = kubernetes;
    await admin.expect("POST", MONITORS_PATH, MONITORS_KIND);
    await waitFor(
      async () =>
        (await admin.request("GET", "/apis/monitoring.coreos.com/v1/servicemonitors")).status ===
        200,
      { describe: "service monitors to be known" },
    );
    for (const name of [SYSTEM, "research-pods", "gpu-dev"]) {
      await admin.request("POST", "/api/v1/namespaces", { metadata: { name } });
    }
  });
  after(() => kubernetes.admin.request("DELETE", `${MONITORS_PATH}/${MONITORS}`));

  for (const set of SETS) {
    it(`renders with the values of ${set}, and a real API server accepts every object`, async () => {
      const linted = await helm("lint", "--strict", CHART, ...file(set));
      assert.equal(linted.code, 0, linted.stdout);
      await isTaken(await render("tried", ...file(set)));
    });
  }

  it("quotes names that look like other YAML types", async () => {
    const names = ["podNamespace.name=5678", "database.existingSecret=1e3", "database.key=0x1"];
    const objects = await render("true", ...names.flatMap((each) => ["--set-string", each]));
    await kubernetes.admin.request("POST", "/api/v1/namespaces", { metadata: { name: "5678" } });
    await isTaken(objects);
    assert.ok(objects.some(({ metadata }) => metadata.namespace === "5678"));
    assert.match(JSON.stringify(objects), /"secretKeyRef":\{"name":"1e3","key":"0x1"\}/);
    assert.match(
      JSON.stringify(objects),
      /"kind":"ServiceAccount","metadata":\{"namespace":"[a-z-]+","name":"true"/,
    );
  });

  it("creates a ServiceMonitor only on request, with the given labels", async () => {
    const monitors = async (set: string) =>
      (await render("tried", ...file(set))).filter(({ kind }) => kind === "ServiceMonitor");
    const [monitor] = await monitors("monitored");
    assert.match(JSON.stringify(monitor?.metadata), /"release":"kube-prometheus-stack"/);
    assert.deepEqual(await monitors("production"), []);
  });

  it("keeps the namespace of users' pods after an uninstall, or does not create it", async () => {
    const namespaces = async (set: string) =>
      (await render("tried", ...file(set))).filter(({ kind }) => kind === "Namespace");
    assert.deepEqual(await namespaces("monitored"), []);
    const [made] = await namespaces("small");
    assert.match(JSON.stringify(made?.metadata), /"helm\.sh\/resource-policy":"keep"/);
    assert.match(
      JSON.stringify(made?.metadata),
      /"pod-security\.kubernetes\.io\/audit":"baseline"/,
    );
  });

  it("packs without the example values", async () => {
    const packed = await helm("package", CHART, "--destination", kubernetes.directory);
    assert.equal(packed.code, 0, packed.stderr);
    const [archive = ""] = /\/\S+\.tgz/.exec(packed.stdout) ?? [];
    const { stdout } = await runTool("tar", ["-tzf", archive]);
    assert.match(stdout, /^gpu-dev\/files\/catalogue\.yaml$/m);
    assert.doesNotMatch(stdout, /\/ci\//);
  });

  /** Every object as the server would store it, with strict field validation. */
  async function isTaken(objects: readonly Manifest[]): Promise<void> {
    const args = ["apply", "--server-side", "--dry-run=server", "-f", "-"];
    const where = ["--kubeconfig", kubernetes.kubeconfigPath];
    const input = objects.map((each) => stringify(each)).join("---\n");
    const applied = await runTool(await buildTool("kubectl"), [...where, ...args], { input });
    assert.equal(applied.code, 0, applied.stderr);
    assert.equal(applied.stdout.trim().split("\n").length, objects.length);
    assert.doesNotMatch(applied.stderr, /unknown field/);
  }
});
