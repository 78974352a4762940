import assert from "node:assert/strict";
import fc from "fast-check";
import { ApiError, ConnectionError } from "@gpu-dev/client/http/apiErrors.ts";
import { ERROR_CODES, type ErrorCode } from "@gpu-dev/shared/errors.ts";
import type { Reservation } from "@gpu-dev/client/http/responses.ts";
import {
  NO_ANSWERS,
  validateDiskName,
  validateName,
} from "../../../extension/src/reserve/answers.ts";
import {
  backgroundStartText,
  isPending,
  startProgressText,
} from "../../../extension/src/reserve/startText.ts";
import {
  isStillPossible,
  lastChoiceKey,
  openingFor,
  parseLastChoice,
  storedLastChoice,
} from "../../../extension/src/reserve/lastChoice.ts";
import { correctable } from "../../../extension/src/reserve/steps.ts";
import { CATALOGUE, DISKS, NOW } from "./reserveFixtures.ts";

const LAST = { gpuType: "h100", gpus: 2, durationSeconds: 14_400, disk: "work", image: undefined };

describe("the last choice", () => {
  it("is restored as stored, without the name", () => {
    const answers = { ...NO_ANSWERS, ...LAST, name: "demo" };
    const stored = { ...LAST, image: null };
    assert.deepEqual(storedLastChoice(answers), stored);
    assert.deepEqual(parseLastChoice(stored), LAST);
    assert.notEqual(lastChoiceKey("http://a"), lastChoiceKey("http://b"));
  });

  it("is ignored if anything else is stored", () => {
    const stored = { ...LAST, image: null };
    assert.deepEqual(parseLastChoice({ ...stored, newer: 1 }), LAST);
    const bad = [{ ...stored, gpus: "2" }, { ...stored, disk: "No/Disk" }, LAST];
    for (const content of [undefined, null, 3, {}, ...bad]) {
      assert.equal(parseLastChoice(content), undefined);
    }
    fc.assert(
      fc.property(fc.anything(), (anything) => {
        const parsed = parseLastChoice(anything);
        assert.ok(parsed === undefined || typeof parsed.gpuType === "string");
      }),
    );
  });

  it("can be repeated only while all of it is possible", () => {
    const is = (more: object) => isStillPossible({ ...LAST, ...more }, CATALOGUE, DISKS);
    assert.equal(is({}), true);
    assert.equal(is({ disk: undefined }), true);
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
    assert.equal(isStillPossible(LAST, CATALOGUE, undefined), false, "disks not read yet");
  });
});

describe("the initial state of the wizard", () => {
  const opening = (target: Parameters<typeof openingFor>[0]["target"], last = LAST) =>
    openingFor({ target, catalogue: CATALOGUE, disks: DISKS, last });

  it("preselects the last answers, without a disk that no longer exists", () => {
    assert.deepEqual(opening(undefined).answers, { ...NO_ANSWERS, ...LAST });
    assert.equal(opening(undefined, { ...LAST, disk: "deleted" }).answers.disk, undefined);
    assert.deepEqual(
      openingFor({ target: undefined, catalogue: CATALOGUE, disks: DISKS, last: undefined })
        .answers,
      NO_ANSWERS,
    );
  });

  it("takes the type from the row that the command was called on", () => {
    const { answers, context } = opening({ kind: "gpuType", gpuType: "t4", gpus: 4 });
    assert.equal(context.isTypeFixed, true);
    assert.deepEqual([answers.gpuType, answers.gpus], ["t4", 4]);
    assert.equal(answers.durationSeconds, undefined, "longer than the limit of a T4");
    assert.equal(opening({ kind: "gpuType", gpuType: "gone" }).context.isTypeFixed, false);
  });

  it("takes the disk from the row that the command was called on, unless it is in use", () => {
    const { answers, last, context } = opening(
      { kind: "disk", name: "work" },
      { ...LAST, disk: "x" },
    );
    assert.deepEqual([answers.disk, last?.disk, context.isTypeFixed], ["work", "work", false]);
    assert.equal(opening({ kind: "disk", name: "data" }).answers.disk, "work");
  });
});

describe("names in the wizard", () => {
  it("are validated while typing: syntax, and names in use", () => {
    const mine = [
      { name: "demo", state: "ready" },
      { name: "old", state: "ended" },
    ] as const;
    assert.equal(validateName("", mine), undefined);
    assert.equal(validateName(" other ", mine), undefined);
    assert.equal(validateName("old", mine), undefined);
    assert.match(validateName("demo", mine) ?? "", /has not ended/);
    assert.match(validateName("Two Words", mine) ?? "", /^Use 1 to 32 lower-case letters/);
    assert.match(validateDiskName("", DISKS) ?? "", /^Use 1 to 32/);
    assert.match(validateDiskName("work", DISKS) ?? "", /already/);
    assert.equal(validateDiskName("other", DISKS), undefined);
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

  it("leads back to the step that can correct it, with the server's message", () => {
    assert.deepEqual(correctable(refused("disk_in_use")), {
      step: "disk",
      message: "The disk is in use. Because.",
    });
    assert.equal(correctable(refused("name_taken", "body.name"))?.step, "name");
    assert.equal(correctable(refused("never_possible", "body.gpus"))?.step, "gpus");
    assert.equal(correctable(refused("invalid_request", "body.durationSeconds"))?.step, "duration");
    assert.equal(correctable(refused("quota_exceeded"))?.step, "name");
    assert.equal(correctable(refused("database_unavailable"))?.step, "name");
    assert.equal(correctable(new ConnectionError("http://x", "cut"))?.step, "name");
  });

  it("that no answer can correct ends the wizard", () => {
    assert.equal(correctable(refused("unauthenticated")), undefined);
    assert.equal(correctable(new Error("a defect")), undefined);
  });
});

describe("following the start", () => {
  const queued = {
    name: "demo",
    state: "queued",
    cancelRequestedAt: undefined,
    waiting: { position: 2, ahead: 1, reason: "1 request is ahead of yours." },
  } as Reservation;
  const starting = {
    ...queued,
    state: "starting",
    phase: "disk",
    phaseDetail: undefined,
  } as Reservation;

  it("N10: says what happens to the reservation when the user stops waiting", () => {
    assert.match(backgroundStartText(queued), /^demo stays queued and starts automatically\./);
    assert.match(backgroundStartText(starting), /^demo continues to start in the background\./);
  });

  it("shows the progress, and that the server is not responding", () => {
    assert.equal(startProgressText(starting, { kind: "live" }), "starting: attaching the disk");
    assert.equal(
      startProgressText(queued, { kind: "lost", since: NOW, error: new Error("unavailable") }),
      "queued, 2nd in line: 1 request is ahead of yours. (server not responding; retrying)",
    );
  });

  it("stops when it is ready, ending or cancelled", () => {
    assert.deepEqual([queued, starting].map(isPending), [true, true]);
    for (const state of ["ready", "stopping", "ended", "failed"] as const) {
      assert.equal(isPending({ ...queued, state }), false);
    }
    assert.equal(isPending({ ...queued, cancelRequestedAt: NOW.toISOString() }), false);
  });
});
