import assert from "node:assert/strict";
import { stringify } from "yaml";
import { runTool } from "../support/runTool.ts";
import { sharedKubernetes } from "../support/sharedKubernetes.ts";
import { buildTool } from "../tools/tools.ts";
import { CHART, helm, render, SYSTEM, type Manifest } from "./release.ts";

const SETS = ["small", "production", "monitored"] as const;
const file = (set: string) => ["--values", `${CHART}/ci/${set}.yaml`];

/** A kind that only clusters with the Prometheus operator know. */
const isKnown = ({ apiVersion }: Manifest) => !apiVersion.startsWith("monitoring.coreos.com/");

describe("the chart", () => {
  for (const set of SETS) {
    it(`is sound with the values of ${set}, and a real server takes every object`, async () => {
      const linted = await helm("lint", "--strict", CHART, ...file(set));
      assert.equal(linted.code, 0, linted.stdout);
      const { kubeconfigPath, admin } = await sharedKubernetes();
      for (const name of [SYSTEM, set === "monitored" ? "research-pods" : "gpu-dev"]) {
        await admin.request("POST", "/api/v1/namespaces", { metadata: { name } });
      }
      const objects = (await render("tried", ...file(set))).filter(isKnown);
      const args = ["apply", "--server-side", "--dry-run=server", "-f", "-"];
      const where = ["--kubeconfig", kubeconfigPath];
      const input = objects.map((each) => stringify(each)).join("---\n");
      const applied = await runTool(await buildTool("kubectl"), [...where, ...args], { input });
      assert.equal(applied.code, 0, applied.stderr);
      assert.equal(applied.stdout.trim().split("\n").length, objects.length);
      assert.doesNotMatch(applied.stderr, /unknown field/);
    });
  }

  it("asks Prometheus to come only where it is said to be there", async () => {
    const kinds = async (set: string) =>
      (await render("tried", ...file(set))).map(({ kind }) => kind);
    assert.ok((await kinds("monitored")).includes("ServiceMonitor"));
    assert.ok(!(await kinds("production")).includes("ServiceMonitor"));
  });

  it("keeps the namespace of users' pods when it is uninstalled, or leaves it to its owner", async () => {
    const namespaces = async (set: string) =>
      (await render("tried", ...file(set))).filter(({ kind }) => kind === "Namespace");
    assert.deepEqual(await namespaces("monitored"), []);
    const [made] = await namespaces("small");
    assert.match(JSON.stringify(made?.metadata), /"helm\.sh\/resource-policy":"keep"/);
  });

  const WRONG: readonly (readonly [string, RegExp])[] = [
    ["api.replicas=0", /'\/api\/replicas'.*minimum/],
    ["api.publicHosts={http://x}", /'\/api\/publicHosts\/0'.*pattern/],
    ["signIn=development", /'\/signIn'.*'none'/],
    ["database.url=postgres://u:p@h/d", /'\/database'.*additional properties 'url'/],
    ["logLevel=loud", /'\/logLevel'/],
    ["network.privateCidrs={nowhere}", /'\/network\/privateCidrs\/0'.*pattern/],
    ["reconcilers.concurrency=many", /'\/reconcilers\/concurrency'.*integer/],
    ["nonsense=1", /additional properties 'nonsense'/],
  ];
  for (const [value, why] of WRONG) {
    it(`refuses ${value}, and says why`, async () => {
      const output = await helm("template", "tried", CHART, "--set", value);
      assert.notEqual(output.code, 0);
      assert.match(output.stderr, why);
    });
  }
});
