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
  type Course,
  firstPlace,
  type Move,
  nextPlace,
  type Place,
  placeToMend,
  stepBefore,
  stepNumber,
  STEPS,
} from "../../../extension/src/reserve/steps.ts";
import { CATALOGUE, CPU, H100, T4, TWO_IMAGES } from "./reserveFixtures.ts";

const free: Course = { catalogue: CATALOGUE, isTypeFixed: false };
const h100 = withType(NO_ANSWERS, H100);
const cpu = withType(NO_ANSWERS, CPU);

/** Answers every step as it is, from the first on; the steps that were asked. */
function walk(course: Course, answers: Answers): string[] {
  const asked: string[] = [];
  for (let place: Place | null = firstPlace(answers, course); place !== null;) {
    asked.push(place.step);
    assert.ok(asked.length < 20, "it ends");
    place = nextPlace(place, { kind: "answered", answers: place.answers }, course);
  }
  return asked;
}

describe("the steps of reserving", () => {
  it("asks for what there is to choose, and for nothing else", () => {
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

  it("numbers them, with the name of a new disk as a part of the disk", () => {
    assert.deepEqual(stepNumber("type", NO_ANSWERS, free), { step: 1, totalSteps: 5 });
    assert.deepEqual(stepNumber("duration", cpu, free), { step: 2, totalSteps: 4 });
    const makes = { ...h100, makesDisk: true };
    assert.deepEqual(stepNumber("newDisk", makes, free), { step: 4, totalSteps: 5 });
    assert.deepEqual(stepNumber("name", makes, free), { step: 5, totalSteps: 5 });
  });

  it("skips to the end where all is answered, and goes back from there step by step", () => {
    const again: Move = { kind: "answered", answers: h100, goTo: "name" };
    assert.deepEqual(nextPlace({ step: "type", answers: NO_ANSWERS }, again, free), {
      step: "name",
      answers: h100,
    });
    assert.equal(stepBefore("name", h100, free), "disk");
    assert.equal(stepBefore("type", h100, free), null);
    assert.equal(stepBefore("gpus", h100, { ...free, isTypeFixed: true }), null);
  });

  it("back and forth comes to the same place, with the answers kept", () => {
    const courses = fc.record({
      catalogue: fc.constantFrom(CATALOGUE, TWO_IMAGES),
      isTypeFixed: fc.boolean(),
    });
    const answered = fc.tuple(fc.constantFrom(H100, CPU), fc.boolean());
    fc.assert(
      fc.property(courses, answered, fc.constantFrom(...STEPS), (course, [type, makes], step) => {
        const answers = { ...withType(NO_ANSWERS, type), makesDisk: makes, name: "kept" };
        const place = placeToMend(step, answers, course);
        const back = nextPlace(place, { kind: "back" }, course);
        assert.ok(back);
        if (stepBefore(place.step, answers, course) === null) {
          assert.deepEqual(back, place);
          return;
        }
        assert.notEqual(back.step, place.step);
        assert.deepEqual(nextPlace(back, { kind: "answered", answers }, course), place);
      }),
    );
  });

  it("mends at the step that is asked, else at the last", () => {
    assert.equal(placeToMend("disk", h100, free).step, "disk");
    assert.equal(placeToMend("gpus", cpu, free).step, "name");
    assert.equal(placeToMend("type", h100, { ...free, isTypeFixed: true }).step, "name");
  });
});

describe("the answers of reserving", () => {
  const all: Answers = { ...h100, gpus: 2, durationSeconds: 14_400, disk: "work", name: " demo " };

  it("keep what another type allows", () => {
    assert.deepEqual(withType({ ...all, gpus: 8 }, T4), {
      ...all,
      gpuType: "t4",
      gpus: null,
      durationSeconds: null,
    });
    assert.equal(withType(all, T4).gpus, 2);
    assert.equal(withType(all, CPU).gpus, 0);
  });

  it("become a request once complete", () => {
    assert.equal(requestFrom({ ...all, gpus: null }), null);
    const request = {
      gpuType: "h100",
      gpus: 2,
      durationSeconds: 14_400,
      disk: "work",
      image: null,
    };
    assert.deepEqual(requestFrom(all), { ...request, name: "demo" });
    assert.deepEqual(requestFrom({ ...all, name: " " }), request);
  });

  it("read as a sentence", () => {
    assert.equal(summary(all), "2 x h100 for 4 h, disk work");
    assert.equal(summary({ ...all, makesDisk: true }), "2 x h100 for 4 h, new disk work");
    assert.equal(summary({ ...cpu, durationSeconds: 5_400 }), "cpu-x86 for 1 h 30 min, no disk");
  });

  it("R15: the same request has one idempotency key, another one has its own", () => {
    let made = 0;
    const keyOf = createRequestKeys(() => `key-${String((made += 1))}`);
    const request = { gpuType: "h100", gpus: 2, durationSeconds: 3_600 };
    assert.equal(keyOf(request), "key-1");
    assert.equal(keyOf({ ...request, disk: "work" }), "key-2");
    assert.equal(keyOf({ ...request }), "key-1");
  });
});
