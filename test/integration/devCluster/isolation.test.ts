import assert from "node:assert/strict";
import { join } from "node:path";
import { systemClock } from "../../../dev-cluster/src/clock.ts";
import { runJobs } from "../../../dev-cluster/src/controllers/jobs.ts";
import { Passes } from "../../../dev-cluster/src/controllers/passes.ts";
import { ObjectOperations } from "../../../dev-cluster/src/objects/objectOperations.ts";
import { jobType } from "../../../dev-cluster/src/resources/job.ts";
import { podType } from "../../../dev-cluster/src/resources/podType.ts";
import { configMapType, namespaceType } from "../../../dev-cluster/src/resources/simpleTypes.ts";
import { ObjectFile } from "../../../dev-cluster/src/store/objectFile.ts";
import { ObjectStore } from "../../../dev-cluster/src/store/objectStore.ts";
import { makeTempDir, type TempDir } from "../../support/tempDir.ts";
import { waitFor } from "../../support/waitFor.ts";

const namespace = "default";

/** One that goes wrong must not take others with it. */
describe("dev-cluster: what goes wrong stays alone", () => {
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

  it("a listener that fails: the writer is answered, and the others are told", () => {
    const told: string[] = [];
    store.subscribe(() => {
      throw new Error("of the listener");
    });
    store.subscribe(({ object }) => told.push(object.metadata.name));
    operations.create(configMapType, namespace, { metadata: { name: "written" } });
    assert.deepEqual(told, ["written"]);
    assert.deepEqual(errors.map(String), ["Error: of the listener"]);
  });

  it("a job whose pod can't be made: those after it run", () => {
    const container = { name: "main", image: "x" };
    const spec = { template: { spec: { restartPolicy: "Never", containers: [container] } } };
    for (const name of ["a-bad", "b-good"]) {
      operations.create(jobType, namespace, { metadata: { name }, spec });
    }
    // As an earlier version may have stored it, which took it.
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
    const made = operations.list(podType).map((pod) => pod.metadata.generateName);
    assert.deepEqual(made, ["b-good-"]);
  });

  it("a pass that fails is tried again, though nothing changes", async () => {
    let runs = 0;
    const passes = new Passes({
      store,
      concerns: () => false,
      run: () => {
        runs += 1;
        if (runs === 1) throw new Error("the first time");
      },
      onError,
    });
    passes.start();
    try {
      await waitFor(() => runs === 2, { describe: "the second try" });
      assert.deepEqual(errors.map(String), ["Error: the first time"]);
    } finally {
      passes.stop();
    }
  });
});
