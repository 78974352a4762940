import assert from "node:assert/strict";
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
  describe(`the contract of controllers: ${name}`, () => {
    const jobs = "/apis/batch/v1/namespaces/controlled/jobs";
    let world: ClusterFixture;
    before(async () => {
      world = await ClusterFixture.start(name, "controlled");
      await world.addNode("controlled-a");
    });
    after(() => (world as ClusterFixture | undefined)?.stop());

    it("refuses an eviction that a budget forbids, and grants one that nothing forbids", async () => {
      await world.create("guarded", { nodeSelector: { [HOST]: "controlled-a" } });
      await world.bound("guarded");
      const { pods, server } = world;
      const conditions = [{ type: "Ready", status: "True" }];
      const running = { status: { phase: "Running", conditions } };
      await server.api.expect("PATCH", `${pods}/guarded/status`, running, STRATEGIC);
      const budgets = "/apis/policy/v1/namespaces/controlled/poddisruptionbudgets";
      const spec = { maxUnavailable: 0, selector: { matchLabels: { app: "guarded" } } };
      const budget = object("PodDisruptionBudget", "guard", { spec }, "policy/v1");
      await server.api.expect("POST", budgets, budget);
      const eviction = object("Eviction", "guarded", {}, "policy/v1");
      const evict = () => server.api.request("POST", `${pods}/guarded/eviction`, eviction);
      const answer = await waitFor(
        async () => {
          const told = await evict();
          const { details } = told.body as { details?: { causes?: { reason: string }[] } };
          // Before its controller has counted, the real server says 429 for want of a count.
          return details?.causes?.[0]?.reason === "DisruptionBudget" && told;
        },
        { timeoutMs: 20_000, describe: "the budget to refuse" },
      );
      assert.equal(answer.status, 429);
      const guarded = async () => (await world.read(`${pods}/guarded`)).body.metadata;
      assert.equal((await guarded()).deletionTimestamp, undefined);
      await server.api.expect("DELETE", `${budgets}/guard`);
      await waitFor(async () => (await evict()).status === 201, { describe: "the eviction" });
      assert.notEqual((await guarded()).deletionTimestamp, undefined);
      await world.removeNow("guarded");
    });

    async function startJob(job: string, spec: object): Promise<void> {
      // Nobody schedules its pods: the test says how they end.
      const template = {
        spec: {
          restartPolicy: "Never",
          schedulerName: "nobody",
          containers: [{ name: "main", image: "x" }],
        },
      };
      const body = object("Job", job, { spec: { template, ...spec } }, "batch/v1");
      await world.server.api.expect("POST", jobs, body);
    }

    const podsOf = async (job: string): Promise<string[]> => {
      const selector = encodeURIComponent(`batch.kubernetes.io/job-name=${job}`);
      const list = await world.server.api.expect<{ items: { metadata: { name: string } }[] }>(
        "GET",
        `${world.pods}?labelSelector=${selector}`,
      );
      return list.items.map(({ metadata }) => metadata.name);
    };

    /** Its pods, once there are so many. */
    const manyPods = (job: string, count: number) =>
      waitFor(
        async () => {
          const names = await podsOf(job);
          return names.length === count && names;
        },
        { timeoutMs: 20_000, describe: `${String(count)} pods of ${job}` },
      );

    const end = (pod: string | undefined, phase: "Succeeded" | "Failed") => {
      const path = `${world.pods}/${pod ?? ""}/status`;
      return world.server.api.expect("PATCH", path, { status: { phase } }, STRATEGIC);
    };

    const isOver = (job: string, type: "Complete" | "Failed") =>
      world.isSo(
        `${jobs}/${job}`,
        ({ status }) =>
          status?.conditions?.some((c) => c.type === type && c.status === "True") ?? false,
        `${job} to be ${type}`,
      );

    it("runs a job's pod, and counts that it succeeded", async () => {
      await startJob("once", {});
      const [pod] = await manyPods("once", 1);
      await end(pod, "Succeeded");
      await isOver("once", "Complete");
      const { status } = (await world.read(`${jobs}/once`)).body;
      assert.deepEqual([status?.succeeded, status?.failed ?? 0, status?.active ?? 0], [1, 0, 0]);
      await world.server.api.expect("DELETE", `${jobs}/once?propagationPolicy=Background`);
      await world.isGone(`${world.pods}/${pod ?? ""}`);
    });

    it("runs as many at a time as it may, and until enough have succeeded", async () => {
      await startJob("many", { completions: 3, parallelism: 2 });
      const first = await manyPods("many", 2);
      await end(first[0], "Succeeded");
      const all = await manyPods("many", 3);
      for (const pod of all.filter((each) => each !== first[0])) await end(pod, "Succeeded");
      await isOver("many", "Complete");
      assert.equal((await world.read(`${jobs}/many`)).body.status?.succeeded, 3);
      assert.equal((await podsOf("many")).length, 3);
      await world.server.api.expect("DELETE", `${jobs}/many?propagationPolicy=Background`);
    });

    it("gives a job up when more of its pods failed than it bears", async () => {
      await startJob("failing", { backoffLimit: 0 });
      const [pod] = await manyPods("failing", 1);
      await end(pod, "Failed");
      await isOver("failing", "Failed");
      const { status } = (await world.read(`${jobs}/failing`)).body;
      assert.deepEqual([status?.succeeded ?? 0, status?.failed], [0, 1]);
      const failed = status?.conditions?.find(({ type }) => type === "Failed");
      assert.equal(failed?.reason, "BackoffLimitExceeded");
      assert.equal((await podsOf("failing")).length, 1);
      await world.server.api.expect("DELETE", `${jobs}/failing?propagationPolicy=Background`);
    });

    it("leaves a job's pods alone where its deletion says nothing of them", async () => {
      await startJob("careless", {});
      const [pod = ""] = await manyPods("careless", 1);
      await world.server.api.expect("DELETE", `${jobs}/careless`);
      await world.isGone(`${jobs}/careless`);
      const { metadata } = (await world.read(`${world.pods}/${pod}`)).body;
      assert.deepEqual(
        [metadata.deletionTimestamp, metadata.ownerReferences],
        [undefined, undefined],
      );
      await world.removeNow(pod);
    });

    it("empties a namespace that is deleted, takes nothing new, then lets it go", async () => {
      const { api } = world.server;
      await makeNamespace(world.server, "controlled-going");
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
      await world.isGone("/api/v1/namespaces/controlled-going");
    });
  });
}
