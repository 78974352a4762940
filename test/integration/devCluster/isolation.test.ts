import assert from "node:assert/strict";
import { join } from "node:path";
import { systemClock } from "../../../dev-cluster/src/platform/clock.ts";
import { runJobs } from "../../../dev-cluster/src/controllers/jobs.ts";
import { startPasses } from "../../../dev-cluster/src/controllers/passes.ts";
import { ObjectOperations } from "../../../dev-cluster/src/objects/objectOperations.ts";
import { jobType } from "../../../dev-cluster/src/resources/job.ts";
import { podType } from "../../../dev-cluster/src/resources/podType.ts";
import { configMapType, namespaceType } from "../../../dev-cluster/src/resources/simpleTypes.ts";
import { ObjectFile } from "../../../dev-cluster/src/store/objectFile.ts";
import { ObjectStore } from "../../../dev-cluster/src/store/objectStore.ts";
import { makeTempDir, type TempDir } from "../../support/tempDir.ts";
import { waitFor } from "../../support/waitFor.ts";

const namespace = "default";

/** A failure in one place must not affect others. */
describe("dev-cluster: isolation of failures", () => {
  let directory: TempDir;
  let store: ObjectStore;
  let operations: ObjectOperations;
  const errors: unknown[] = [];
  const onError = (error: unknown) => errors.push(error);
  beforeEach(async () => {
    errors.length = 0;
    directory = await makeTempDir("isolation");
    const file = new ObjectFile(join(directory.path, "objects.sqlite"));
    store = new ObjectStore({ file, historyLength: 100, onError });
    operations = new ObjectOperations({ store, clock: systemClock });
    operations.create(namespaceType, undefined, { metadata: { name: namespace } });
  });
  afterEach(async () => {
    store.close();
    await directory.remove();
  });

  it("a failing listener affects neither the writer nor the other listeners", () => {
    const received: string[] = [];
    store.subscribe(() => {
      throw new Error("listener failed");
    });
    store.subscribe(({ object }) => received.push(object.metadata.name));
    operations.create(configMapType, namespace, { metadata: { name: "written" } });
    assert.deepEqual(received, ["written"]);
    assert.deepEqual(errors.map(String), ["Error: listener failed"]);
  });

  it("a job whose pod cannot be created does not stop the jobs after it", () => {
    const container = { name: "main", image: "x" };
    const spec = { template: { spec: { restartPolicy: "Never", containers: [container] } } };
    for (const name of ["a-bad", "b-good"]) {
      operations.create(jobType, namespace, { metadata: { name }, spec });
    }
    // As an earlier version, which accepted it, may have stored it.
    const stored = structuredClone(operations.get(jobType, { namespace, name: "a-bad" }));
    const bad = { ...container, name: "A_B" };
    store.put("jobs.batch", {
      ...stored,
      spec: {
        ...stored.spec,
        template: { spec: { ...stored.spec.template.spec, containers: [bad] } },
      },
    });
    assert.throws(() => {
      runJobs(operations);
    }, /A_B/);
    const created = operations.list(podType).map((pod) => pod.metadata.generateName);
    assert.deepEqual(created, ["b-good-"]);
  });

  it("a failed pass is retried without a further change", async () => {
    let runs = 0;
    const stop = startPasses({
      store,
      concerns: () => false,
      run: () => {
        runs += 1;
        if (runs === 1) throw new Error("first run failed");
      },
      onError,
    });
    try {
      await waitFor(() => runs === 2, { describe: "the second run" });
      assert.deepEqual(errors.map(String), ["Error: first run failed"]);
    } finally {
      stop();
    }
  });
});
