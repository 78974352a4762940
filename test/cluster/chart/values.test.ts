import assert from "node:assert/strict";
import { CHART, helm, render, type Manifest } from "./release.ts";

interface PodSpec {
  readonly serviceAccountName?: string;
  readonly nodeSelector: unknown;
  readonly tolerations: unknown;
  readonly priorityClassName: unknown;
  readonly enableServiceLinks: boolean;
  readonly topologySpreadConstraints?: unknown;
  readonly containers: readonly {
    readonly image: string;
    readonly env: readonly { readonly name: string; readonly value?: string }[];
  }[];
}
interface Template {
  readonly metadata: { readonly annotations: Readonly<Record<string, string>> };
  readonly spec: PodSpec;
}

describe("the chart's values", () => {
  const set = async (...values: readonly string[]) =>
    render("tried", ...values.flatMap((value) => ["--set-json", value]));
  const refusal = async (...args: readonly string[]) => {
    const output = await helm("template", "tried", CHART, ...args);
    assert.notEqual(output.code, 0, "the chart was rendered");
    return output.stderr;
  };

  const INVALID: readonly (readonly [string, RegExp])[] = [
    ["api.replicas=0", /'\/api\/replicas'.*minimum/],
    ["api.publicHosts={http://x}", /'\/api\/publicHosts\/0'.*pattern/],
    ["api.service.type=ExternalName", /'\/api\/service\/type'.*'LoadBalancer'/],
    ["signIn=development", /'\/signIn'.*'none'/],
    ["database.url=postgres://u:p@h/d", /'\/database'.*additional properties 'url'/],
    ["database.poolSize=1", /'\/database\/poolSize'.*minimum/],
    ["logLevel=loud", /'\/logLevel'/],
    ["reconcilers.concurrency=many", /'\/reconcilers\/concurrency'.*integer/],
    ["reconcilers.resources.limit.memory=1Gi", /'\/reconcilers\/resources'.*'limit'/],
    ["nonsense=1", /additional properties 'nonsense'/],
    ["image.tag=2026", /'\/image\/tag'.*want string/],
    ["image.tag=1@sha256:0", /'\/image\/tag'.*'1@sha256:0' does not match/],
    ["image.digest=sha256:0", /'\/image\/digest'.*pattern/],
    ["network.privateCidrs={nowhere}", /network\.privateCidrs: nowhere is not an address range/],
    [
      "network.privateCidrs={0.0.0.0/0}",
      /network\.privateCidrs: 0\.0\.0\.0\/0 is not an address range/,
    ],
    ["network.privateCidrs={10.0.0.300/8}", /10\.0\.0\.300\/8 is not an address range/],
    ["network.dns.addresses={169.254.20.10/32}", /169\.254\.20\.10\/32 is not an address/],
    ["tolerations[0].effect=Never", /'\/tolerations\/0\/effect'/],
    ["podNamespace.name=kube-system", /kube-system, a namespace of the cluster/],
    ["podNamespace.name=kube-public", /kube-public, a namespace of the cluster/],
    ["podNamespace.name=kube-node-lease", /kube-node-lease, a namespace of the cluster/],
    ["podNamespace.name=default", /default, a namespace of the cluster/],
  ];
  for (const [value, reason] of INVALID) {
    it(`rejects ${value} with the reason`, async () => {
      assert.match(await refusal("--set", value), reason);
    });
  }

  it("rejects an empty selector, which would match every pod", async () => {
    for (const value of ["network.gatewayLabels", "network.dns.podLabels", "monitoring.from"]) {
      const [part = "", name = ""] = value.split(/\.(?=[^.]+$)/);
      // Helm merges the chart's default into the value, unless null removes it.
      const defaultKey =
        { gatewayLabels: "component", podLabels: "k8s-app", from: "name" }[name] ?? "";
      const key = name === "podLabels" ? defaultKey : `app\\.kubernetes\\.io/${defaultKey}`;
      const path = new RegExp(`'/${part.replace(".", "/")}/${name}'.*minProperties`);
      assert.match(await refusal("--set", `${value}.${key}=null`), path);
    }
  });

  it("rejects the release's own namespace for users' pods", async () => {
    const reason = await refusal("--namespace", "gpu-dev");
    assert.match(reason, /podNamespace\.name is gpu-dev, the release's own namespace/);
  });

  it("applies one registry to both images, and a digest to one", async () => {
    const digest = `sha256:${"a".repeat(64)}`;
    const registry = 'registry="registry.example.com:5000/x"';
    const objects = await set(registry, 'image.tag="2026"', `image.digest="${digest}"`);
    const [api] = templates(objects, "tried-api");
    const [container] = api?.spec.containers ?? [];
    assert.equal(container?.image, `registry.example.com:5000/x/control-plane:2026@${digest}`);
    const sshServer = container.env.find(({ name }) => name === "GPU_DEV_SSH_SERVER_IMAGE");
    assert.equal(sshServer?.value, "registry.example.com:5000/x/ssh-server:2026");
  });

  it("places every pod of the control plane, without variables for Services", async () => {
    const tolerations = [{ key: "system", operator: "Exists" }];
    const objects = await set(
      'nodeSelector={"pool":"system"}',
      `tolerations=${JSON.stringify(tolerations)}`,
      'priorityClassName="important"',
      'podAnnotations={"sidecar":"false"}',
      "database.poolSize=7",
      'serviceAccount.annotations={"role":"arn:x"}',
    );
    const all = templates(objects, "tried-api", "tried-reconcilers", "tried-migrate");
    assert.equal(all.length, 3);
    for (const { spec, metadata } of all) {
      assert.deepEqual(spec.nodeSelector, { pool: "system" });
      assert.deepEqual(spec.tolerations, tolerations);
      assert.equal(spec.priorityClassName, "important");
      assert.equal(metadata.annotations["sidecar"], "false");
      assert.equal(spec.enableServiceLinks, false);
    }
    const accounts = all.map(({ spec }) => spec.serviceAccountName);
    assert.deepEqual(accounts, ["tried-api", "tried", undefined]);
    for (const { spec } of all.slice(0, 2)) {
      const spread = JSON.stringify(spec.topologySpreadConstraints);
      assert.equal(spread.match(/"matchLabelKeys":\["pod-template-hash"\]/g)?.length, 2);
      assert.match(JSON.stringify(spec.containers), /"GPU_DEV_POOL_SIZE","value":"7"/);
    }
    const annotated = objects.filter(({ kind }) => kind === "ServiceAccount");
    assert.equal(JSON.stringify(annotated).match(/"annotations":\{"role":"arn:x"\}/g)?.length, 2);
  });
});

function templates(objects: readonly Manifest[], ...names: readonly string[]): Template[] {
  return names.flatMap((name) =>
    objects
      .filter(({ kind, metadata }) => /^(Deployment|Job)$/.test(kind) && metadata.name === name)
      .map(({ spec }) => (spec as { template: Template }).template),
  );
}
