import assert from "node:assert/strict";
import { createCoalescer } from "@gpu-dev/shared/coalesce.ts";

/** A job whose runs end when the test says so. */
function controlledJob() {
  const ends: (() => void)[] = [];
  let runs = 0;
  return {
    runs: () => runs,
    end: () => ends.shift()?.(),
    run: async () => {
      runs += 1;
      await new Promise<void>((resolve) => ends.push(resolve));
    },
  };
}

describe("createCoalescer", () => {
  it("runs once more after the current run, however often it was triggered during it", async () => {
    const job = controlledJob();
    const coalescer = createCoalescer(job.run);
    coalescer.trigger();
    coalescer.trigger();
    coalescer.trigger();
    assert.equal(job.runs(), 1);
    job.end();
    await new Promise(setImmediate);
    assert.equal(job.runs(), 2);
    job.end();
    await coalescer.settled();
    assert.equal(job.runs(), 2);
  });

  it("runs again when it is triggered after it settled", async () => {
    let runs = 0;
    const coalescer = createCoalescer(() => {
      runs += 1;
      return Promise.resolve();
    });
    coalescer.trigger();
    await coalescer.settled();
    coalescer.trigger();
    await coalescer.settled();
    assert.equal(runs, 2);
  });

  it("reports a failed run and keeps serving triggers", async () => {
    const errors: unknown[] = [];
    let runs = 0;
    const coalescer = createCoalescer(
      () => {
        runs += 1;
        return runs === 1 ? Promise.reject(new Error("first")) : Promise.resolve();
      },
      (error) => errors.push(error),
    );
    coalescer.trigger();
    await coalescer.settled();
    coalescer.trigger();
    await coalescer.settled();
    assert.equal(runs, 2);
    assert.deepEqual(errors.map(String), ["Error: first"]);
  });

  it("drops the pending run and ignores triggers once it is stopped", async () => {
    const job = controlledJob();
    const coalescer = createCoalescer(job.run);
    coalescer.trigger();
    coalescer.trigger();
    const stopped = coalescer.stop();
    job.end();
    await stopped;
    coalescer.trigger();
    assert.equal(job.runs(), 1);
  });
});
