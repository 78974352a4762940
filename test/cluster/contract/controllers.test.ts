import assert from "node:assert/strict";
import { Second } from "@gpu-dev/shared/durations.ts";
import { waitFor } from "../../support/waitFor.ts";
import { ClusterFixture, HOST } from "./clusterFixture.ts";
import { makeNamespace, SERVERS } from "./servers.ts";
import { MERGE, object, STRATEGIC } from "./steps.ts";

interface Status {
  readonly reason: string;
  readonly details: {
    readonly name: string;
    readonly kind: string;
    readonly causes: readonly { readonly reason: string; readonly field: string }[];
  };
}

for (const name of SERVERS) {
  describe(`contract of controllers: ${name}`, () => {
    const jobs = "/apis/batch/v1/namespaces/controlled/jobs";
    let fixture: ClusterFixture;
    before(async () => {
      fixture = await ClusterFixture.start(name, "controlled");
      await fixture.addNode("controlled-a");
    });
    after(() => (fixture as ClusterFixture | undefined)?.stop());

    it("refuses an eviction that a budget forbids, and permits one without a budget", async () => {
      await fixture.create("guarded", { nodeSelector: { [HOST]: "controlled-a" } });
      await fixture.bound("guarded");
      const { pods, server } = fixture;
      const conditions = [{ type: "Ready", status: "True" }];
      const running = { status: { phase: "Running", conditions } };
      await server.api.expect("PATCH", `${pods}/guarded/status`, running, STRATEGIC);
      const budgets = "/apis/policy/v1/namespaces/controlled/poddisruptionbudgets";
      const spec = { maxUnavailable: 0, selector: { matchLabels: { app: "guarded" } } };
      const budget = object("PodDisruptionBudget", "guard", { spec }, "policy/v1");
      await server.api.expect("POST", budgets, budget);
      const eviction = object("Eviction", "guarded", {}, "policy/v1");
      const evict = () => server.api.request("POST", `${pods}/guarded/eviction`, eviction);
      const refusal = await waitFor(
        async () => {
          const response = await evict();
          const { details } = response.body as { details?: { causes?: { reason: string }[] } };
          // Until its controller has counted the pods, the real server returns 429 with another
          // cause.
          return details?.causes?.[0]?.reason === "DisruptionBudget" && response;
        },
        { timeoutMs: 20 * Second.ms, describe: "the refusal by the budget" },
      );
      assert.equal(refusal.status, 429);
      const guarded = async () => (await fixture.read(`${pods}/guarded`)).body.metadata;
      assert.equal((await guarded()).deletionTimestamp, undefined);
      await server.api.expect("DELETE", `${budgets}/guard`);
      await waitFor(async () => (await evict()).status === 201, { describe: "the eviction" });
      assert.notEqual((await guarded()).deletionTimestamp, undefined);
      await fixture.removeNow("guarded");
    });

    async function startJob(job: string, spec: object): Promise<void> {
      // No scheduler handles its pods: the test sets how they end.
      const template = {
        spec: {
          restartPolicy: "Never",
          schedulerName: "nobody",
          containers: [{ name: "main", image: "x" }],
        },
      };
      const body = object("Job", job, { spec: { template, ...spec } }, "batch/v1");
      await fixture.server.api.expect("POST", jobs, body);
    }

    const podsOf = async (job: string): Promise<string[]> => {
      const selector = encodeURIComponent(`batch.kubernetes.io/job-name=${job}`);
      const list = await fixture.server.api.expect<{ items: { metadata: { name: string } }[] }>(
        "GET",
        `${fixture.pods}?labelSelector=${selector}`,
      );
      return list.items.map(({ metadata }) => metadata.name);
    };

    /** The pods of a job, once it has this many. */
    const podsOnce = (job: string, count: number) =>
      waitFor(
        async () => {
          const names = await podsOf(job);
          return names.length === count && names;
        },
        { timeoutMs: 20 * Second.ms, describe: `${String(count)} pods of ${job}` },
      );

    const end = (pod: string | undefined, phase: "Succeeded" | "Failed") => {
      const path = `${fixture.pods}/${pod ?? ""}/status`;
      return fixture.server.api.expect("PATCH", path, { status: { phase } }, STRATEGIC);
    };

    const hasEnded = (job: string, type: "Complete" | "Failed") =>
      fixture.becomes(
        `${jobs}/${job}`,
        ({ status }) =>
          status?.conditions?.some((c) => c.type === type && c.status === "True") ?? false,
        `${job} to be ${type}`,
      );

    it("runs a job's pod, and counts its success", async () => {
      await startJob("once", {});
      const [pod] = await podsOnce("once", 1);
      await end(pod, "Succeeded");
      await hasEnded("once", "Complete");
      const { status } = (await fixture.read(`${jobs}/once`)).body;
      assert.deepEqual([status?.succeeded, status?.failed ?? 0, status?.active ?? 0], [1, 0, 0]);
      await fixture.server.api.expect("DELETE", `${jobs}/once?propagationPolicy=Background`);
      await fixture.isRemoved(`${fixture.pods}/${pod ?? ""}`);
    });

    it("runs pods up to the parallelism, until enough have succeeded", async () => {
      await startJob("many", { completions: 3, parallelism: 2 });
      const first = await podsOnce("many", 2);
      await end(first[0], "Succeeded");
      const all = await podsOnce("many", 3);
      for (const pod of all.filter((each) => each !== first[0])) await end(pod, "Succeeded");
      await hasEnded("many", "Complete");
      assert.equal((await fixture.read(`${jobs}/many`)).body.status?.succeeded, 3);
      assert.equal((await podsOf("many")).length, 3);
      await fixture.server.api.expect("DELETE", `${jobs}/many?propagationPolicy=Background`);
    });

    it("fails a job when more of its pods failed than its limit", async () => {
      await startJob("failing", { backoffLimit: 0 });
      const [pod] = await podsOnce("failing", 1);
      await end(pod, "Failed");
      await hasEnded("failing", "Failed");
      const { status } = (await fixture.read(`${jobs}/failing`)).body;
      assert.deepEqual([status?.succeeded ?? 0, status?.failed], [0, 1]);
      const failed = status?.conditions?.find(({ type }) => type === "Failed");
      assert.equal(failed?.reason, "BackoffLimitExceeded");
      assert.equal((await podsOf("failing")).length, 1);
      await fixture.server.api.expect("DELETE", `${jobs}/failing?propagationPolicy=Background`);
    });

    it("orphans a job's pods when its deletion has no propagation policy", async () => {
      await startJob("careless", {});
      const [pod = ""] = await podsOnce("careless", 1);
      await fixture.server.api.expect("DELETE", `${jobs}/careless`);
      await fixture.isRemoved(`${jobs}/careless`);
      const { metadata } = (await fixture.read(`${fixture.pods}/${pod}`)).body;
      assert.deepEqual(
        [metadata.deletionTimestamp, metadata.ownerReferences],
        [undefined, undefined],
      );
      await fixture.removeNow(pod);
    });

    it("empties a deleted namespace, refuses new objects, then removes it", async () => {
      const { api } = fixture.server;
      await makeNamespace(fixture.server, "controlled-going");
      const maps = "/api/v1/namespaces/controlled-going/configmaps";
      const metadata = { name: "held", finalizers: ["example.org/hold"] };
      await api.expect("POST", maps, { ...object("ConfigMap", "held"), metadata });
      await api.expect("DELETE", "/api/v1/namespaces/controlled-going");
      const late = await api.request<Status>("POST", maps, object("ConfigMap", "late"));
      const { reason, details } = late.body;
      const [cause] = details.causes;
      assert.deepEqual([late.status, reason], [403, "Forbidden"]);
      assert.deepEqual([details.name, details.kind], ["late", "configmaps"]);
      assert.deepEqual(
        [cause?.reason, cause?.field],
        ["NamespaceTerminating", "metadata.namespace"],
      );
      await api.expect("PATCH", `${maps}/held`, { metadata: { finalizers: null } }, MERGE);
      await fixture.isRemoved("/api/v1/namespaces/controlled-going");
    });
  });
}
