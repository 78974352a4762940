import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type Answers,
  createRequestKeys,
  NO_ANSWERS,
  requestFrom,
  summary,
  withType,
} from "../../../extension/src/reserve/answers.ts";
import {
  firstPosition,
  nextPosition,
  type Position,
  stepBefore,
  stepNumber,
  type StepResult,
  STEPS,
  stepToCorrect,
  type WizardContext,
} from "../../../extension/src/reserve/steps.ts";
import { CATALOGUE, CPU, H100, T4, TWO_IMAGES } from "./reserveFixtures.ts";

const free: WizardContext = { catalogue: CATALOGUE, isTypeFixed: false };
const h100 = withType(NO_ANSWERS, H100);
const cpu = withType(NO_ANSWERS, CPU);

/** Keeps every answer from the first step on; returns the steps that were shown. */
function walk(context: WizardContext, answers: Answers): string[] {
  const shown: string[] = [];
  for (
    let position: Position | undefined = firstPosition(answers, context);
    position !== undefined;
  ) {
    shown.push(position.step);
    assert.ok(shown.length < 20, "it ends");
    const { answers: current } = position;
    position = nextPosition(position, { kind: "answered", answers: current }, context);
  }
  return shown;
}

describe("the steps of reserving", () => {
  it("are shown only if there is a choice", () => {
    assert.deepEqual(walk(free, h100), ["type", "gpus", "duration", "disk", "name"]);
    assert.deepEqual(walk(free, cpu), ["type", "duration", "disk", "name"]);
    assert.deepEqual(walk({ ...free, isTypeFixed: true }, cpu), ["duration", "disk", "name"]);
    assert.deepEqual(walk({ catalogue: TWO_IMAGES, isTypeFixed: true }, h100).slice(-2), [
      "image",
      "name",
    ]);
    assert.deepEqual(walk(free, { ...h100, makesDisk: true }).slice(3), [
      "disk",
      "newDisk",
      "name",
    ]);
  });

  it("are numbered, with the name of a new disk as part of the disk step", () => {
    assert.deepEqual(stepNumber("type", NO_ANSWERS, free), { step: 1, totalSteps: 5 });
    assert.deepEqual(stepNumber("duration", cpu, free), { step: 2, totalSteps: 4 });
    const makes = { ...h100, makesDisk: true };
    assert.deepEqual(stepNumber("newDisk", makes, free), { step: 4, totalSteps: 5 });
    assert.deepEqual(stepNumber("name", makes, free), { step: 5, totalSteps: 5 });
  });

  it("skip to the last one if all are answered, and go back from there one by one", () => {
    const again: StepResult = { kind: "answered", answers: h100, goTo: "name" };
    assert.deepEqual(nextPosition({ step: "type", answers: NO_ANSWERS }, again, free), {
      step: "name",
      answers: h100,
    });
    assert.equal(stepBefore("name", h100, free), "disk");
    assert.equal(stepBefore("type", h100, free), undefined);
    assert.equal(stepBefore("gpus", h100, { ...free, isTypeFixed: true }), undefined);
  });

  it("lead back to the same position with the same answers after going back and forth", () => {
    const contexts = fc.record({
      catalogue: fc.constantFrom(CATALOGUE, TWO_IMAGES),
      isTypeFixed: fc.boolean(),
    });
    const answered = fc.tuple(fc.constantFrom(H100, CPU), fc.boolean());
    fc.assert(
      fc.property(contexts, answered, fc.constantFrom(...STEPS), (context, [type, makes], step) => {
        const answers = { ...withType(NO_ANSWERS, type), makesDisk: makes, name: "kept" };
        const position = stepToCorrect(step, answers, context);
        const back = nextPosition(position, { kind: "back" }, context);
        assert.ok(back);
        if (stepBefore(position.step, answers, context) === undefined) {
          assert.deepEqual(back, position);
          return;
        }
        assert.notEqual(back.step, position.step);
        assert.deepEqual(nextPosition(back, { kind: "answered", answers }, context), position);
      }),
    );
  });

  it("correct a refused answer at its step, or at the last one if it is not shown", () => {
    assert.equal(stepToCorrect("disk", h100, free).step, "disk");
    assert.equal(stepToCorrect("gpus", cpu, free).step, "name");
    assert.equal(stepToCorrect("type", h100, { ...free, isTypeFixed: true }).step, "name");
  });
});

describe("the answers of reserving", () => {
  const all: Answers = { ...h100, gpus: 2, durationSeconds: 14_400, disk: "work", name: " demo " };

  it("keep what a new type allows", () => {
    assert.deepEqual(withType({ ...all, gpus: 8 }, T4), {
      ...all,
      gpuType: "t4",
      gpus: undefined,
      durationSeconds: undefined,
    });
    assert.equal(withType(all, T4).gpus, 2);
    assert.equal(withType(all, CPU).gpus, 0);
  });

  it("become a request once they are complete", () => {
    assert.equal(requestFrom({ ...all, gpus: undefined }), undefined);
    const request = {
      gpuType: "h100",
      gpus: 2,
      durationSeconds: 14_400,
      disk: "work",
      image: undefined,
    };
    assert.deepEqual(requestFrom(all), { ...request, name: "demo" });
    assert.deepEqual(requestFrom({ ...all, name: " " }), request);
  });

  it("are summarized", () => {
    assert.equal(summary(all), "2 x H100 for 4 h, disk work");
    assert.equal(summary({ ...all, makesDisk: true }), "2 x H100 for 4 h, new disk work");
    assert.equal(summary({ ...cpu, durationSeconds: 5_400 }), "cpu-x86 for 1 h 30 min, no disk");
  });

  it("R15: equal requests have the same idempotency key, different ones have different keys", () => {
    let created = 0;
    const keyOf = createRequestKeys(() => `key-${String((created += 1))}`);
    const request = { gpuType: "h100", gpus: 2, durationSeconds: 3_600 };
    assert.equal(keyOf(request), "key-1");
    assert.equal(keyOf({ ...request, disk: "work" }), "key-2");
    assert.equal(keyOf({ ...request }), "key-1");
  });
});
