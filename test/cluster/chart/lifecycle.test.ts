import assert from "node:assert/strict";
import { waitFor } from "../../support/waitFor.ts";
import type { Kubernetes } from "../support/kubernetes.ts";
import type { RawApi } from "../support/rawApi.ts";
import type { Output } from "../support/runTool.ts";
import { sharedKubernetes } from "../support/sharedKubernetes.ts";
import { CHART, helm, policyIsEffective } from "./release.ts";

const RELEASE = "life";
const HOME = "life-system";
const USERS = "life-pods";
const POLICY = `${HOME}-${RELEASE}-user-pods`;
const MERGE = "application/merge-patch+json";
const DEPLOYMENT = `/apis/apps/v1/namespaces/${HOME}/deployments/${RELEASE}-api`;
const JOB = `/apis/batch/v1/namespaces/${HOME}/jobs/${RELEASE}-migrate`;
const PODS = `/api/v1/namespaces/${HOME}/pods`;
const ADMISSION = "/apis/admissionregistration.k8s.io/v1";

/** The objects that an uninstall keeps, because users' pods keep running. */
const KEPT = [
  `/api/v1/namespaces/${USERS}`,
  ...["nothing", "ssh", "internet"].map(
    (what) => `/apis/networking.k8s.io/v1/namespaces/${USERS}/networkpolicies/${RELEASE}-${what}`,
  ),
  `/apis/policy/v1/namespaces/${USERS}/poddisruptionbudgets/${RELEASE}-leases`,
  `${ADMISSION}/validatingadmissionpolicies/${POLICY}`,
  `${ADMISSION}/validatingadmissionpolicybindings/${POLICY}`,
];
const RBAC = "/apis/rbac.authorization.k8s.io/v1";
const GONE = [
  DEPLOYMENT,
  JOB,
  `/api/v1/namespaces/${HOME}/serviceaccounts/${RELEASE}`,
  `${RBAC}/clusterroles/${HOME}-${RELEASE}`,
  `${RBAC}/namespaces/${USERS}/roles/${RELEASE}`,
  `/apis/networking.k8s.io/v1/namespaces/${HOME}/networkpolicies/${RELEASE}-api`,
];

/**
 * The steps of one release, in order. No containers run here: the test acts as the kubelet of the
 * hook's pod.
 */
describe("the chart's life cycle", function () {
  this.timeout(120_000);
  let kubernetes: Kubernetes;
  let admin: RawApi;
  before(async () => {
    kubernetes = await sharedKubernetes();
    ({ admin } = kubernetes);
    await admin.expect("POST", "/api/v1/namespaces", { metadata: { name: HOME } });
  });
  after(() => admin.request("DELETE", `/api/v1/namespaces/${HOME}`));

  it("installs only after a successful migration", async () => {
    const installed = release("install", CHART, ...values("info"));
    await migrationEnds(async () => {
      assert.equal((await admin.request("GET", DEPLOYMENT)).status, 404);
    });
    assert.equal((await installed).code, 0, (await installed).stderr);
    assert.match((await installed).stdout, /Users' pods run in the namespace life-pods/);
    assert.equal(await logLevel(), "info");
    assert.equal((await admin.request("GET", JOB)).status, 404);
    await policyIsEffective(kubernetes, USERS);
  });

  it("upgrades only after a successful migration", async () => {
    const upgraded = release("upgrade", CHART, ...values("debug"));
    await migrationEnds(async () => {
      assert.equal(await logLevel(), "info");
    });
    assert.equal((await upgraded).code, 0, (await upgraded).stderr);
    assert.equal(await logLevel(), "debug");
  });

  it("rolls back without a migration", async () => {
    const { code, stderr } = await release("rollback", "1");
    assert.equal(code, 0, stderr);
    assert.equal(await logLevel(), "info");
    assert.equal((await admin.request("GET", JOB)).status, 404);
  });

  it("keeps the policies of users' pods effective after an uninstall", async () => {
    const { code, stderr } = await release("uninstall");
    assert.equal(code, 0, stderr);
    for (const path of GONE) assert.equal((await admin.request("GET", path)).status, 404, path);
    for (const path of KEPT) assert.equal((await admin.request("GET", path)).status, 200, path);
    await policyIsEffective(kubernetes, USERS);
  });

  it("adopts the remaining objects when it is installed again", async () => {
    const { code, stderr } = await release("install", CHART, ...values("info"), "--no-hooks");
    assert.equal(code, 0, stderr);
    assert.equal((await release("uninstall", "--no-hooks")).code, 0);
  });

  it("leaves nothing after the manual steps of docs/operations/helm.md", async () => {
    const selector = `app.kubernetes.io/instance=${RELEASE}`;
    for (const args of [
      ["-n", USERS, "delete", "networkpolicy,poddisruptionbudget", "--selector", selector],
      ["delete", "validatingadmissionpolicybinding,validatingadmissionpolicy", POLICY],
      ["delete", "namespace", USERS],
    ]) {
      const { code, stderr } = await kubernetes.kubectl(...args);
      assert.equal(code, 0, stderr);
    }
    for (const path of KEPT) assert.equal((await admin.request("GET", path)).status, 404, path);
    const all = ["clusterrole,clusterrolebinding", "--selector", selector, "-o", "name"];
    assert.equal((await kubernetes.kubectl("get", ...all)).stdout, "");
  });

  function release(what: string, ...args: readonly string[]): Promise<Output> {
    const where = ["--kubeconfig", kubernetes.kubeconfigPath, "--namespace", HOME];
    return helm(what, RELEASE, ...args, ...where, "--timeout", "60s");
  }

  const values = (level: string) =>
    ["--set", `podNamespace.name=${USERS},logLevel=${level}`] as const;

  async function logLevel(): Promise<string | undefined> {
    const { spec } = await admin.expect<{ spec: unknown }>("GET", DEPLOYMENT);
    return /"GPU_DEV_LOG_LEVEL","value":"(\w+)"/.exec(JSON.stringify(spec))?.[1];
  }

  /** Runs the hook's pod to its end after `before` has been checked. */
  async function migrationEnds(before: () => Promise<void>): Promise<void> {
    const path = `${PODS}?labelSelector=batch.kubernetes.io/job-name=${RELEASE}-migrate`;
    const list = async () =>
      (await admin.expect<{ items: { metadata: { name: string } }[] }>("GET", path)).items;
    await waitFor(async () => (await list()).length === 1, {
      timeoutMs: 30_000,
      describe: "the hook's pod",
    });
    await before();
    const [pod] = await list();
    const status = { phase: "Succeeded" };
    await admin.expect("PATCH", `${PODS}/${pod?.metadata.name ?? ""}/status`, { status }, MERGE);
  }
});
