import assert from "node:assert/strict";
import fc from "fast-check";
import type { Reservation } from "@gpu-dev/shared/api/reservation.ts";
import { ApiError, ConnectionError } from "@gpu-dev/client/http/apiErrors.ts";
import { ERROR_CODES, type ErrorCode } from "@gpu-dev/shared/errors.ts";
import { NO_ANSWERS } from "../../../extension/src/reserve/answers.ts";
import {
  followWords,
  goesOnSentence,
  isOnItsWay,
} from "../../../extension/src/reserve/followText.ts";
import {
  isStillPossible,
  lastChoiceFrom,
  lastChoiceKey,
  parseLastChoice,
} from "../../../extension/src/reserve/lastChoice.ts";
import { refuseDiskName, refuseName } from "../../../extension/src/reserve/names.ts";
import { openingFor } from "../../../extension/src/reserve/opening.ts";
import { mendable } from "../../../extension/src/reserve/refusals.ts";
import { CATALOGUE, DISKS, NOW } from "./reserveFixtures.ts";

const LAST = { gpuType: "h100", gpus: 2, durationSeconds: 14_400, disk: "work", image: null };

describe("the last choice", () => {
  it("comes back as it was kept, without the name", () => {
    const answers = { ...NO_ANSWERS, ...LAST, name: "demo" };
    assert.deepEqual(parseLastChoice(JSON.parse(JSON.stringify(lastChoiceFrom(answers)))), LAST);
    assert.notEqual(lastChoiceKey("http://a"), lastChoiceKey("http://b"));
  });

  it("is none for whatever else is found there", () => {
    assert.deepEqual(parseLastChoice({ ...LAST, newer: 1 }), LAST);
    for (const bad of [
      undefined,
      null,
      3,
      {},
      { ...LAST, gpus: "2" },
      { ...LAST, disk: "No/Disk" },
    ]) {
      assert.equal(parseLastChoice(bad), null);
    }
    fc.assert(
      fc.property(fc.anything(), (anything) => {
        const parsed = parseLastChoice(anything);
        assert.ok(parsed === null || typeof parsed.gpuType === "string");
      }),
    );
  });

  it("is possible only as long as all of it is", () => {
    const is = (more: object) => isStillPossible({ ...LAST, ...more }, CATALOGUE, DISKS);
    assert.equal(is({}), true);
    assert.equal(is({ disk: null }), true);
    for (const gone of [
      { gpuType: "v100" },
      { gpus: 3 },
      { durationSeconds: 60 },
      { image: "jax" },
      { disk: "data" },
      { disk: "deleted" },
    ]) {
      assert.equal(is(gone), false, JSON.stringify(gone));
    }
    assert.equal(isStillPossible(LAST, CATALOGUE, null), false, "disks not read yet");
  });
});

describe("where the wizard begins", () => {
  const opening = (target: Parameters<typeof openingFor>[0]["target"], last = LAST) =>
    openingFor({ target, catalogue: CATALOGUE, disks: DISKS, last });

  it("offers the last answers; a disk that is gone is not made anew", () => {
    assert.deepEqual(opening(null).answers, { ...NO_ANSWERS, ...LAST });
    assert.equal(opening(null, { ...LAST, disk: "deleted" }).answers.disk, null);
    assert.deepEqual(
      openingFor({ target: null, catalogue: CATALOGUE, disks: DISKS, last: null }).answers,
      NO_ANSWERS,
    );
  });

  it("takes the type from the row it was called on", () => {
    const { answers, course } = opening({ kind: "gpuType", gpuType: "t4", gpus: 4 });
    assert.equal(course.isTypeFixed, true);
    assert.deepEqual([answers.gpuType, answers.gpus], ["t4", 4]);
    assert.equal(answers.durationSeconds, null, "longer than a T4 may be had");
    assert.equal(opening({ kind: "gpuType", gpuType: "gone" }).course.isTypeFixed, false);
  });

  it("takes the disk from the row it was called on, unless it is held", () => {
    const { answers, last, course } = opening(
      { kind: "disk", name: "work" },
      { ...LAST, disk: "x" },
    );
    assert.deepEqual([answers.disk, last?.disk, course.isTypeFixed], ["work", "work", false]);
    assert.equal(opening({ kind: "disk", name: "data" }).answers.disk, "work");
  });
});

describe("names in the wizard", () => {
  it("are refused while typing, for the rule and for what is taken", () => {
    const mine = [
      { name: "demo", state: "ready" },
      { name: "old", state: "ended" },
    ] as const;
    assert.equal(refuseName("", mine), null);
    assert.equal(refuseName(" fresh ", mine), null);
    assert.equal(refuseName("old", mine), null);
    assert.match(refuseName("demo", mine) ?? "", /has not ended/);
    assert.match(refuseName("Two Words", mine) ?? "", /^Use 1 to 32 lower-case letters/);
    assert.match(refuseDiskName("", DISKS) ?? "", /^Use 1 to 32/);
    assert.match(refuseDiskName("work", DISKS) ?? "", /already/);
    assert.equal(refuseDiskName("fresh", DISKS), null);
  });
});

describe("a refusal", () => {
  const refused = (code: ErrorCode, path?: string) =>
    new ApiError({
      type: "about:blank",
      title: ERROR_CODES[code].title,
      status: ERROR_CODES[code].status,
      detail: "Because.",
      code,
      requestId: "r",
      ...(path === undefined ? {} : { errors: [{ path, message: "no" }] }),
    });

  it("leads back to the step that mends it, with the server's words", () => {
    assert.deepEqual(mendable(refused("disk_in_use")), {
      step: "disk",
      message: "The disk is in use. Because.",
    });
    assert.equal(mendable(refused("name_taken", "body.name"))?.step, "name");
    assert.equal(mendable(refused("never_possible", "body.gpus"))?.step, "gpus");
    assert.equal(mendable(refused("invalid_request", "body.durationSeconds"))?.step, "duration");
    assert.equal(mendable(refused("quota_exceeded"))?.step, "name");
    assert.equal(mendable(refused("database_unavailable"))?.step, "name");
    assert.equal(mendable(new ConnectionError("http://x", "cut"))?.step, "name");
  });

  it("of another kind ends the wizard", () => {
    assert.equal(mendable(refused("unauthenticated")), null);
    assert.equal(mendable(new Error("a defect")), null);
  });
});

describe("following the start", () => {
  const queued = {
    name: "demo",
    state: "queued",
    cancelRequestedAt: null,
    waiting: { position: 2, ahead: 1, reason: "1 request is ahead of yours." },
  } as Reservation;
  const starting = {
    ...queued,
    state: "starting",
    phase: "disk",
    phaseDetail: null,
  } as Reservation;

  it("N10: says whether it stays queued when the waiting ends", () => {
    assert.match(goesOnSentence(queued), /^demo stays queued, and starts without you\./);
    assert.match(goesOnSentence(starting), /^demo goes on starting\./);
  });

  it("says what it does, and that the server is away", () => {
    assert.equal(followWords(starting, { kind: "live" }), "starting: attaching the disk");
    assert.equal(
      followWords(queued, { kind: "lost", since: NOW, error: new Error("away") }),
      "queued, 2nd in line: 1 request is ahead of yours. (server not answering; still trying)",
    );
  });

  it("ends with ready, the end and a cancellation", () => {
    assert.deepEqual([queued, starting].map(isOnItsWay), [true, true]);
    for (const over of ["ready", "stopping", "ended", "failed"] as const) {
      assert.equal(isOnItsWay({ ...queued, state: over }), false);
    }
    assert.equal(isOnItsWay({ ...queued, cancelRequestedAt: NOW.toISOString() }), false);
  });
});
