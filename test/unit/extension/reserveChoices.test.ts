import assert from "node:assert/strict";
import { formatClockTime } from "../../../extension/src/core/text.ts";
import { NO_ANSWERS, withType } from "../../../extension/src/reserve/answers.ts";
import { activeDiskId, diskChoices } from "../../../extension/src/reserve/diskChoices.ts";
import { durationChoices, readDuration } from "../../../extension/src/reserve/durationChoices.ts";
import { answersStart, placeholderOf } from "../../../extension/src/reserve/pageText.ts";
import { startOf } from "../../../extension/src/reserve/startWords.ts";
import {
  activeTypeId,
  gpuChoices,
  imageChoices,
  typeChoices,
} from "../../../extension/src/reserve/typeChoices.ts";
import {
  AVAILABILITY,
  CATALOGUE,
  counts,
  CPU,
  DISKS,
  H100,
  H200,
  NOW,
  T4,
  TWO_IMAGES,
} from "./reserveFixtures.ts";

const state = { availability: AVAILABILITY, disks: DISKS };
const LAST = { gpuType: "h100", gpus: 2, durationSeconds: 14_400, disk: "work", image: null };
const soon = (seconds: number) => formatClockTime(new Date(NOW.getTime() + seconds * 1_000), NOW);

describe("whether it starts now", () => {
  it("says so, or why not, and never names a time", () => {
    const words = (gpus: number, zone?: string) => startOf(H100, gpus, AVAILABILITY, zone).words;
    assert.equal(words(2), "starts now");
    assert.equal(words(4), "joins the queue: 3 free on one node, 4 needed");
    assert.equal(startOf(H200, 1, AVAILABILITY).words, "joins the queue: none is free now");
    assert.equal(startOf(CPU, 0, AVAILABILITY).words, "starts now");
  });

  it("waits behind those who wait, also where there is room", () => {
    assert.deepEqual(startOf(T4, 1, AVAILABILITY), {
      isNow: false,
      words: "joins the queue: 4 waiting before you",
    });
  });

  it("looks only where the disk is", () => {
    assert.equal(startOf(H100, 3, AVAILABILITY, "a").words, "starts now");
    assert.equal(
      startOf(H100, 3, AVAILABILITY, "b").words,
      "joins the queue: 2 free on one node in b, where the disk is, 3 needed",
    );
    assert.equal(
      startOf(H100, 1, AVAILABILITY, "c").words,
      "joins the queue: no node of this type is in use in c, where the disk is",
    );
  });

  it("does not guess what it was not told", () => {
    assert.deepEqual(startOf(H100, 1, null), {
      isNow: false,
      words: "what is free is not known yet",
    });
    const down = { asOf: null, types: [counts(H100, [[8, "a", "not-ready"]])] };
    assert.equal(
      startOf(H100, 1, down).words,
      "joins the queue: no node of this type is in use now",
    );
  });
});

describe("the type step", () => {
  it("lists what starts now first, in the catalogue's order inside", () => {
    const rows = typeChoices(CATALOGUE, state, null);
    assert.deepEqual(
      rows.map(({ label, description, detail }) => [label, description, detail]),
      [
        ["H100", "5 of 16 GPUs free", "Starts now (NVIDIA H100, 1, 2, 4 or 8 GPUs)"],
        ["cpu-x86", "2 of 4 slots free", "Starts now (CPU only)"],
        [
          "H200",
          "0 of 8 GPUs free",
          "Joins the queue: none is free now (NVIDIA H200, 1, 2, 4 or 8 GPUs)",
        ],
        [
          "T4",
          "4 of 4 GPUs free",
          "Joins the queue: 4 waiting before you (NVIDIA T4, 1, 2 or 4 GPUs)",
        ],
      ],
    );
  });

  it("offers the last choice first, while it can be had again", () => {
    const [first] = typeChoices(CATALOGUE, state, LAST);
    assert.equal(first?.label, "Like last time: 2 x h100 for 4 h, disk work");
    assert.equal(first.detail, "Starts now");
    assert.deepEqual(first.pick, { value: { kind: "again", last: LAST } });
    const ids = typeChoices(CATALOGUE, state, { ...LAST, disk: "data" }).map(({ id }) => id);
    assert.ok(!ids.includes("again"), "a held disk");
  });

  it("selects the last choice, else the type of the answers, else what starts now", () => {
    const answers = { ...NO_ANSWERS, gpuType: "t4" };
    assert.equal(activeTypeId(typeChoices(CATALOGUE, state, LAST), answers), "again");
    assert.equal(activeTypeId(typeChoices(CATALOGUE, state, null), answers), "type/t4");
    assert.equal(activeTypeId(typeChoices(CATALOGUE, state, null), NO_ANSWERS), null);
  });

  it("keeps the ids of rows while they change places", () => {
    const ids = (availability: typeof AVAILABILITY | null) =>
      typeChoices(CATALOGUE, { ...state, availability }, null).map(({ id }) => id);
    assert.notDeepEqual(ids(AVAILABILITY), ids(null));
    assert.deepEqual(ids(AVAILABILITY).sort(), ids(null).sort());
  });
});

describe("the GPU and image steps", () => {
  it("offers each size that a node can hold, with what happens", () => {
    assert.deepEqual(
      gpuChoices(H100, state).map(({ label, description }) => `${label}: ${description ?? ""}`),
      [
        "1 GPU: starts now",
        "2 GPUs: starts now",
        "4 GPUs: joins the queue: 3 free on one node, 4 needed",
        "8 GPUs: joins the queue: 3 free on one node, 8 needed",
      ],
    );
    assert.ok(!gpuChoices(H200, state).some(({ id }) => id === "gpus/16"));
  });

  it("names the default image", () => {
    assert.deepEqual(
      imageChoices(TWO_IMAGES).map(({ description }) => description),
      ["pytorch, the default", "jax"],
    );
  });
});

describe("the duration step", () => {
  const offered = (typed: string, chosen: number | null = null, type = H100) =>
    durationChoices(type, { typed, chosen, now: NOW });

  it("offers the usual lengths within the limits, each with its end", () => {
    assert.deepEqual(
      offered("").map(({ label }) => label),
      ["1 hour", "2 hours", "4 hours", "8 hours", "24 hours", "48 hours"],
    );
    assert.equal(offered("")[0]?.description, `until ${soon(3_600)} if it started now`);
    assert.deepEqual(
      offered("", null, T4).map(({ label }) => label),
      ["1 hour", "2 hours"],
    );
    const short = { ...T4, limits: { minSeconds: 300, maxSeconds: 1_800 } };
    assert.deepEqual(
      offered("", null, short).map(({ label }) => label),
      ["30 min"],
    );
  });

  it("has the last length among them, also an unusual one", () => {
    assert.deepEqual(
      offered("", 5_400)
        .slice(0, 3)
        .map(({ label }) => label),
      ["1 hour", "1 h 30 min", "2 hours"],
    );
  });

  it("reads what is typed, as people write it", () => {
    for (const typed of ["90m", "1h30", "1.5 h", "1h30m", " 1 H 30 "]) {
      const [first] = offered(typed);
      assert.equal(first?.label, "1 h 30 min", typed);
      assert.equal(first.isTyped, true);
      assert.deepEqual(first.pick, { value: 5_400 });
    }
    assert.equal(offered("4h").filter(({ id }) => id === "duration/14400").length, 1);
  });

  it("says what is wrong while typing, and cannot be chosen then", () => {
    const [first] = offered("90");
    const why = "Write a length of time with its unit, such as 90m, 1h30 or 1.5 h.";
    assert.equal(first?.detail, why);
    assert.deepEqual(first.pick, { whyNot: why });
    assert.equal(readDuration(H100, "49h"), "Choose from 5 min to 48 hours.");
    assert.equal(readDuration(H100, "299s"), "Choose from 5 min to 48 hours.");
    assert.equal(readDuration(T4, "2h"), 7_200);
  });
});

describe("the disk step", () => {
  const answers = { ...withType(NO_ANSWERS, H100), gpus: 2 };
  const rows = diskChoices(CATALOGUE, state, answers, NOW);

  it("lists free disks, none, a new one, and held disks with who has them", () => {
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
      whyNot: `The disk data is used by demo until ${soon(12_000)}. Choose another, or cancel demo first.`,
    });
  });

  it("says where a disk's zone makes it wait, and only there", () => {
    const detailIn = (zone: string, gpus = 2) => {
      const disks = DISKS.map((each) => ({ ...each, zone }));
      return diskChoices(CATALOGUE, { ...state, disks }, { ...answers, gpus }, NOW)[0]?.detail;
    };
    assert.equal(detailIn("a"), undefined);
    assert.equal(detailIn("c", 8), undefined, "it waits anyway");
    assert.equal(
      detailIn("c"),
      "Joins the queue: no node of this type is in use in c, where the disk is",
    );
    assert.equal(
      answersStart(
        CATALOGUE,
        { ...state, disks: DISKS.map((each) => ({ ...each, zone: "b" })) },
        { ...answers, gpus: 3, disk: "work" },
      ),
      "joins the queue: 2 free on one node in b, where the disk is, 3 needed",
    );
  });

  it("selects what was chosen before", () => {
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

describe("the question of a step", () => {
  it("says how old what is shown is, while the server is away", () => {
    const lost = { kind: "lost", since: NOW, error: new Error("away") } as const;
    assert.equal(
      placeholderOf("Which type", { contact: { kind: "live" }, asOf: NOW }, NOW),
      "Which type",
    );
    assert.equal(
      placeholderOf("Which type", { contact: lost, asOf: NOW }, NOW),
      `Which type (server not answering, as of ${soon(0)})`,
    );
  });
});
