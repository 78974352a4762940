import assert from "node:assert/strict";
import { openDatabase } from "../../../control-plane/src/store/database.ts";
import { queueNow, countDueJobs } from "../../../control-plane/src/store/jobs.ts";
import {
  createMetricsRegistry,
  registerJobQueueMetrics,
} from "../../../control-plane/src/platform/metrics.ts";
import { waitFor } from "../../support/waitFor.ts";
import { startFixture, type Fixture } from "./fixture.ts";
import { bound, firstPod, runReconcilers } from "./lifecycle.ts";

describe("metrics of the reconcilers", () => {
  let fixture: Fixture;
  beforeEach(async () => {
    fixture = await startFixture();
    await fixture.kubelet.addNode("h100-1", "h100", 8);
  });
  afterEach(() => fixture.stop());

  /** The value of one series in the text format; undefined if it is absent. */
  const valueOf = (text: string, series: string): number | undefined => {
    const line = text.split("\n").find((each) => each.startsWith(`${series} `));
    return line === undefined ? undefined : Number(line.slice(series.length));
  };

  it("measure runs, queue waits, plan passes and errors by cause", async () => {
    const registry = createMetricsRegistry();
    const id = await fixture.reserve({ gpus: 1 });
    const reconcilers = await runReconcilers(fixture, { registry });
    try {
      await bound(fixture, firstPod(id));
      const { requests } = fixture.devCluster.faults;
      requests.add({ id: "down", match: {}, effect: { status: 503 } });
      const failed = 'gpu_dev_reconciler_errors_total{reconciler="reservation",cause="cluster"}';
      await waitFor(
        async () => {
          await queueNow(fixture.database, "reservation", id);
          return (valueOf(await registry.metrics(), failed) ?? 0) >= 1;
        },
        { timeoutMs: 15_000, describe: "a failed run to be counted" },
      );
      requests.clear();
      const text = await registry.metrics();
      for (const histogram of ["run_duration", "queue_wait"]) {
        for (const reconciler of ["plan", "capacity", "resync"]) {
          const series = `gpu_dev_reconciler_${histogram}_seconds_count{reconciler="${reconciler}"}`;
          assert.ok((valueOf(text, series) ?? 0) >= 1, series);
        }
      }
      assert.ok((valueOf(text, "gpu_dev_plan_pass_duration_seconds_count") ?? 0) >= 1);
    } finally {
      await reconcilers.stop();
    }
  });

  it("show the depth and the oldest age of due jobs, read when scraped", async () => {
    const registry = createMetricsRegistry();
    const remove = registerJobQueueMetrics(
      registry,
      () => countDueJobs(fixture.database),
      fixture.context.log,
    );
    const depth = 'gpu_dev_jobs_due{reconciler="reservation"}';
    const age = 'gpu_dev_jobs_oldest_age_seconds{reconciler="reservation"}';
    assert.equal(valueOf(await registry.metrics(), depth), undefined);
    for (const key of ["a", "b"]) await queueNow(fixture.database, "reservation", key);
    await fixture.database.raw(
      "update graphile_worker._private_jobs set run_at = now() - interval '1 minute' where key = 'reservation/a'",
    );
    const text = await registry.metrics();
    assert.equal(valueOf(text, depth), 2);
    assert.ok((valueOf(text, age) ?? 0) >= 60);
    remove();
    assert.equal(valueOf(await registry.metrics(), depth), undefined);
  });

  it("R37: a scrape succeeds without the job table while the database does not respond", async () => {
    const registry = createMetricsRegistry();
    const unavailable = openDatabase({ url: "postgres://nobody@127.0.0.1:1/none", poolSize: 1 });
    const { log } = fixture.context;
    registerJobQueueMetrics(registry, () => countDueJobs(unavailable), log);
    const silent = createMetricsRegistry();
    const { promise: never } = Promise.withResolvers<never>();
    registerJobQueueMetrics(silent, () => never, log);
    try {
      for (const each of [registry, silent]) {
        const text = await each.metrics();
        assert.match(text, /^process_cpu_seconds_total /m);
        assert.doesNotMatch(text, /^gpu_dev_jobs_due\{/m);
      }
    } finally {
      await unavailable.destroy();
    }
  });
});
