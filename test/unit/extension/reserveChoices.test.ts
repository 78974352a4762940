import assert from "node:assert/strict";
import type { Availability } from "@gpu-dev/client/http/responses.ts";
import { createEmitter } from "../../../extension/src/core/emitter.ts";
import { formatClockTime } from "../../../extension/src/core/text.ts";
import type { LiveChange } from "../../../extension/src/live/stateKeeper.ts";
import { NO_ANSWERS, withType } from "../../../extension/src/reserve/answers.ts";
import type { LastChoice } from "../../../extension/src/reserve/lastChoice.ts";
import {
  activeDiskId,
  diskChoices,
  durationChoices,
  imageChoices,
  parseLeaseDuration,
} from "../../../extension/src/reserve/choices.ts";
import { createDiskAvailability } from "../../../extension/src/reserve/diskAvailability.ts";
import {
  answersQuoteText,
  promptWithAge,
  quoteText,
} from "../../../extension/src/reserve/startText.ts";
import {
  activeTypeId,
  gpuChoices,
  typeChoices,
} from "../../../extension/src/reserve/typeChoices.ts";
import { waitFor } from "../../support/waitFor.ts";
import {
  AVAILABILITY,
  BEHIND_FOUR,
  CATALOGUE,
  counts,
  CPU,
  DISKS,
  H100,
  H200,
  NONE_FREE,
  NOW,
  T4,
  TWO_IMAGES,
} from "./reserveFixtures.ts";
import { aState } from "./treeFixtures.ts";

const availabilityOf = () => AVAILABILITY;
const state = { availabilityOf, disks: DISKS };
const LAST = { gpuType: "h100", gpus: 2, durationSeconds: 14_400, disk: "work", image: undefined };
const soon = (seconds: number) => formatClockTime(new Date(NOW.getTime() + seconds * 1_000), NOW);
const IN_ZONE = "Needs 2 H100 on one node in c, where its disk is.";
/** With a disk, H100 requests are queued because of its zone. */
const availabilityInZone = (disk: string | undefined): Availability =>
  disk === undefined
    ? AVAILABILITY
    : { asOf: undefined, types: [counts(H100, [[8, "a", "ready"]], { why: () => IN_ZONE })] };

describe("the quote of a request", () => {
  it("is the server's: starts now, or queued with the reason", () => {
    const long = (gpus: number) => quoteText(H100, gpus, AVAILABILITY).long;
    assert.equal(long(2), "starts now");
    assert.equal(long(4), "queued: Needs 4 H100 on one node.");
    assert.equal(quoteText(H200, 1, AVAILABILITY).long, `queued: ${NONE_FREE}`);
    assert.equal(quoteText(CPU, 0, AVAILABILITY).long, "starts now");
  });

  it("is queued with the server's reason although GPUs are free, if requests are queued", () => {
    const t4 = AVAILABILITY.types.find(({ type }) => type === "t4");
    assert.deepEqual([t4?.freeGpus, t4?.queued], [4, 4]);
    assert.deepEqual(quoteText(T4, 1, AVAILABILITY), {
      isNow: false,
      short: "queued",
      long: `queued: ${BEHIND_FOUR}`,
      reason: BEHIND_FOUR,
    });
    const [one] = gpuChoices(T4, { availability: AVAILABILITY });
    assert.deepEqual([one?.description, one?.detail], ["queued", BEHIND_FOUR]);
  });

  it("is not guessed before the availability has been read", () => {
    const { isNow, long } = quoteText(H100, 1, undefined);
    assert.deepEqual([isNow, long], [false, "availability not known yet"]);
    assert.equal(quoteText(H100, 3, AVAILABILITY).long, "availability not known yet");
  });
});

describe("the availability for a disk", () => {
  it("is read on first use, and again when the availability changes", async () => {
    const changes = createEmitter<LiveChange>();
    const live = {
      state: aState({ availability: AVAILABILITY }),
      onDidChange: (listener: (change: LiveChange) => void) => changes.on(listener),
    };
    const read: string[] = [];
    const available = createDiskAvailability({
      live,
      read: (disk) => {
        read.push(disk);
        return Promise.resolve(availabilityInZone(disk));
      },
    });
    const change = { reservations: [], disks: false, contact: false };
    assert.equal(available.of(undefined), AVAILABILITY);
    changes.fire({ ...change, availability: true });
    assert.deepEqual(read, []);
    assert.equal(available.of("work"), undefined);
    await waitFor(() => available.of("work") !== undefined, { describe: "the first read" });
    assert.deepEqual(available.of("work"), availabilityInZone("work"));
    assert.deepEqual(read, ["work"]);
    changes.fire({ ...change, availability: true });
    assert.deepEqual(read, ["work", "work"]);
    available.dispose();
    changes.fire({ ...change, availability: true });
    assert.deepEqual(read, ["work", "work"]);
  });
});

describe("the type step", () => {
  it("lists the types that start now first, otherwise in the order of the catalogue", () => {
    const rows = typeChoices(CATALOGUE, state, undefined);
    assert.deepEqual(
      rows.map(({ label, description, detail }) => [label, description, detail]),
      [
        ["H100", "1 or 2 GPUs start now", "NVIDIA H100"],
        ["cpu-x86", "starts now", "CPU only"],
        ["H200", "nothing starts now", `Queued: ${NONE_FREE} (NVIDIA H200, 1, 2, 4 or 8 GPUs)`],
        ["T4", "nothing starts now", `Queued: ${BEHIND_FOUR} (NVIDIA T4, 1, 2 or 4 GPUs)`],
      ],
    );
  });

  it("offers the last choice first while it is still possible", () => {
    const [first] = typeChoices(CATALOGUE, state, LAST);
    assert.equal(first?.label, "Same as last time: 2 x H100 for 4 h, disk work");
    assert.equal(first.detail, "Starts now");
    assert.deepEqual(first.pick, { value: { kind: "again", last: LAST } });
    const ids = typeChoices(CATALOGUE, state, { ...LAST, disk: "data" }).map(({ id }) => id);
    assert.ok(!ids.includes("again"), "a held disk");
  });

  it("selects the last choice, otherwise the answered type, otherwise the cheapest that starts", () => {
    const answers = { ...NO_ANSWERS, gpuType: "t4" };
    const active = (
      last: LastChoice | undefined,
      chosen = NO_ANSWERS,
      read: { availability?: Availability } = { availability: AVAILABILITY },
    ) => activeTypeId(typeChoices(CATALOGUE, state, last), chosen, read.availability);
    assert.equal(active(LAST, answers), "again");
    assert.equal(active(undefined, answers), "type/t4");
    // T4 is cheaper, but has a queue; CPU types have no GPU.
    assert.equal(active(undefined), "type/h100");
    assert.equal(active(undefined, NO_ANSWERS, {}), "type/t4");
  });

  it("keeps the ids of rows when their order changes", () => {
    const ids = (availability: Availability | undefined) =>
      typeChoices(CATALOGUE, { ...state, availabilityOf: () => availability }, undefined).map(
        ({ id }) => id,
      );
    assert.notDeepEqual(ids(AVAILABILITY), ids(undefined));
    assert.deepEqual(ids(AVAILABILITY).sort(), ids(undefined).sort());
  });
});

describe("the GPU and image steps", () => {
  it("offers each size that fits on one node, with its quote", () => {
    assert.deepEqual(
      gpuChoices(H100, { availability: AVAILABILITY }).map(({ label, description, detail }) => [
        label,
        description,
        detail,
      ]),
      [
        ["1 GPU", "starts now", undefined],
        ["2 GPUs", "starts now", undefined],
        ["4 GPUs", "queued", "Needs 4 H100 on one node."],
        ["8 GPUs", "queued", "Needs 8 H100 on one node."],
      ],
    );
    assert.ok(!gpuChoices(H200, { availability: AVAILABILITY }).some(({ id }) => id === "gpus/16"));
  });

  it("marks the default image", () => {
    assert.deepEqual(
      imageChoices(TWO_IMAGES).map(({ description }) => description),
      ["pytorch, default", "jax"],
    );
  });
});

describe("the duration step", () => {
  const offered = (typed: string, chosen?: number, type = H100) =>
    durationChoices(type, { typed, chosen, now: NOW });

  it("offers the common durations within the limits, each with its end", () => {
    assert.deepEqual(
      offered("").map(({ label }) => label),
      ["1 hour", "2 hours", "4 hours", "8 hours", "24 hours", "48 hours"],
    );
    assert.equal(offered("")[0]?.description, `until ${soon(3_600)} if it starts now`);
    assert.deepEqual(
      offered("", undefined, T4).map(({ label }) => label),
      ["1 hour", "2 hours"],
    );
    const short = { ...T4, limits: { minSeconds: 300, maxSeconds: 1_800 } };
    assert.deepEqual(
      offered("", undefined, short).map(({ label }) => label),
      ["30 min"],
    );
  });

  it("includes the last chosen duration", () => {
    assert.deepEqual(
      offered("", 5_400)
        .slice(0, 3)
        .map(({ label }) => label),
      ["1 hour", "1 h 30 min", "2 hours"],
    );
  });

  it("parses the common notations of a typed duration", () => {
    for (const typed of ["90m", "1h30", "1.5 h", "1h30m", " 1 H 30 "]) {
      const [first] = offered(typed);
      assert.equal(first?.label, "1 h 30 min", typed);
      assert.equal(first.isTyped, true);
      assert.deepEqual(first.pick, { value: 5_400 });
    }
    assert.equal(offered("4h").filter(({ id }) => id === "duration/14400").length, 1);
  });

  it("explains an invalid duration while typing and does not accept it", () => {
    const [first] = offered("90");
    const why = "Enter a duration with its unit, for example 90m, 1h30 or 1.5 h.";
    assert.equal(first?.detail, why);
    assert.deepEqual(first.pick, { whyNot: why });
    assert.equal(parseLeaseDuration(H100, "49h"), "Enter a duration from 5 min to 48 hours.");
    assert.equal(parseLeaseDuration(H100, "299s"), "Enter a duration from 5 min to 48 hours.");
    assert.equal(parseLeaseDuration(T4, "2h"), 7_200);
  });
});

describe("the disk step", () => {
  const answers = { ...withType(NO_ANSWERS, H100), gpus: 2 };
  const rows = diskChoices(CATALOGUE, state, answers, NOW);

  it("lists free disks, no disk, a new disk, and disks in use with their holders", () => {
    assert.deepEqual(
      rows.map(({ label, description }) => `${label}: ${description ?? ""}`),
      [
        "work: 100 GiB, a",
        "No disk: files are deleted at the end",
        "New disk...: 100 GiB, kept after the end",
        `data: used by demo until ${soon(12_000)}, 100 GiB`,
      ],
    );
    assert.deepEqual(rows.at(-1)?.pick, {
      whyNot: `The disk data is used by demo until ${soon(12_000)}. Select another disk, or reserve again after demo has ended.`,
    });
  });

  it("shows the server's reason only if the disk is what delays the start", () => {
    const detailWith = (gpus: number, of: typeof availabilityInZone | typeof availabilityOf) =>
      diskChoices(CATALOGUE, { disks: DISKS, availabilityOf: of }, { ...answers, gpus }, NOW)[0]
        ?.detail;
    assert.equal(detailWith(2, availabilityOf), undefined);
    assert.equal(detailWith(8, availabilityInZone), undefined, "queued without the disk, too");
    assert.equal(detailWith(2, availabilityInZone), `Queued: ${IN_ZONE}`);
    const unread = (disk: string | undefined) => (disk === undefined ? AVAILABILITY : undefined);
    assert.equal(detailWith(2, unread as typeof availabilityInZone), undefined, "not read yet");
  });

  it("decides the quote of the whole request", () => {
    const quote = (more: object) =>
      answersQuoteText(CATALOGUE, availabilityInZone, { ...answers, ...more });
    assert.equal(quote({ disk: "work" }), `queued: ${IN_ZONE}`);
    assert.equal(quote({ disk: undefined }), "starts now");
    assert.equal(quote({ disk: "new", makesDisk: true }), "starts now");
  });

  it("selects the earlier choice", () => {
    const ids = rows.map(({ id }) => id);
    const chosen = [
      NO_ANSWERS,
      { ...NO_ANSWERS, disk: "work" },
      { ...NO_ANSWERS, makesDisk: true },
    ];
    assert.deepEqual(chosen.map(activeDiskId), ["disk-none", "disk/work", "disk-new"]);
    for (const id of chosen.map(activeDiskId)) assert.ok(ids.includes(id), id);
  });
});

describe("the prompt of a step", () => {
  it("shows the age of the data while the server is unavailable", () => {
    const lost = { kind: "lost", since: NOW, error: new Error("unavailable") } as const;
    assert.equal(
      promptWithAge("Select a type", { contact: { kind: "live" }, asOf: NOW }, NOW),
      "Select a type",
    );
    assert.equal(
      promptWithAge("Select a type", { contact: lost, asOf: NOW }, NOW),
      `Select a type (server not responding, as of ${soon(0)})`,
    );
  });
});
