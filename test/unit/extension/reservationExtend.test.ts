import assert from "node:assert/strict";
import fc from "fast-check";
import { secondsUntil, localTime } from "@gpu-dev/client/text/times.ts";
import {
  boundSentence,
  extendChoices,
  extendedSentence,
  readLength,
  whyNotExtendable,
} from "../../../extension/src/reservation/extendChoices.ts";
import { CATALOGUE } from "./reserveFixtures.ts";
import { aReservation, iso, NOW } from "./treeFixtures.ts";

const at = (minutes: number) => localTime(iso(minutes), NOW);
/** Ends in an hour and could go on for `minutes` more. */
const endingInAnHour = (minutes: number) =>
  aReservation({ expiresAt: iso(60), extendableUntil: iso(60 + minutes) });

describe("how long a reservation can be extended", () => {
  it("offers each length with the end that it gives", () => {
    const offered = extendChoices(endingInAnHour(600), CATALOGUE, NOW);
    assert.deepEqual(
      offered.map(({ label, description, seconds }) => [label, description, seconds]),
      [
        ["By 30 minutes", `until ${at(90)}`, 1_800],
        ["By 1 hour", `until ${at(120)}`, 3_600],
        ["By 2 hours", `until ${at(180)}`, 7_200],
        ["By 4 hours", `until ${at(300)}`, 14_400],
        ["As long as possible", `10 h, until ${at(660)}`, 36_000],
      ],
    );
  });

  it("offers nothing past the latest possible end, and that end itself", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3_000 }), (minutes) => {
        const lengths = extendChoices(endingInAnHour(minutes), CATALOGUE, NOW).map(
          ({ seconds }) => seconds,
        );
        assert.equal(Math.max(...lengths), Math.max(minutes * 60, 0));
        assert.equal(new Set(lengths).size, lengths.length);
      }),
      { examples: [[30], [60], [240]] },
    );
  });

  it("leaves it to the server where only the server knows, with the type's limit as the bound", () => {
    const starting = aReservation({
      state: "starting",
      spec: { gpuType: "t4", durationSeconds: 3_600 },
    });
    assert.deepEqual(
      extendChoices(starting, CATALOGUE, NOW).map(({ label, description }) => [label, description]),
      [
        ["By 30 minutes", "once it is ready"],
        ["By 1 hour", "once it is ready"],
      ],
    );
    assert.equal(extendChoices(starting, null, NOW).length, 4);
  });

  it("says what bounds it", () => {
    assert.equal(
      boundSentence(endingInAnHour(120), CATALOGUE, NOW),
      `Ends at ${at(60)}. Until ${at(180)} at most: 2 d for h100.`,
    );
    assert.equal(
      boundSentence(endingInAnHour(120), null, NOW),
      `Ends at ${at(60)}. Until ${at(180)} at most.`,
    );
    const starting = aReservation({ state: "starting" });
    assert.equal(boundSentence(starting, CATALOGUE, NOW), "2 d for h100 at most.");
  });

  it("reads what is typed to the second, or says what is wrong with it", () => {
    const read = (text: string) => readLength(text, endingInAnHour(120), CATALOGUE);
    assert.equal(read("1h30m"), 5_400);
    assert.equal(read("2h"), 7_200);
    assert.equal(read("121m"), "Extend by 2 h at most.");
    assert.equal(read("59s"), "Extend by 1 minute or more.");
    assert.equal(read("soon"), "Write a length of time, such as 90m or 1h30m.");
    assert.equal(read(""), "Write a length of time, such as 90m or 1h30m.");
  });

  it("says why nothing can be extended, with a way on, in every state", () => {
    const why = (more: Parameters<typeof aReservation>[0]) =>
      whyNotExtendable(aReservation(more), NOW);
    assert.equal(why({ expiresAt: iso(60), extendableUntil: iso(90) }), null);
    assert.equal(why({ state: "starting" }), null);
    assert.match(why({ state: "queued" }) ?? "", /has not started yet\. Extend it when it has/);
    assert.match(why({ state: "stopping" }) ?? "", /is ending already.*Reserve again/);
    assert.match(why({ cancelRequestedAt: iso(-1) }) ?? "", /is ending already/);
    assert.equal(
      why({ expiresAt: iso(60), extendableUntil: iso(60) }),
      `demo has all the time that it may have: it ends at ${at(60)}. Reserve again to go on after that.`,
    );
    assert.equal(
      why({ state: "ended", endedAt: iso(-5), endDetail: "The lease ended" }),
      `demo is over since ${at(-5)}: The lease ended. Reserve again to go on.`,
    );
  });

  it("tells the end that came of it", () => {
    const extended = aReservation({ expiresAt: iso(120) });
    assert.equal(secondsUntil(iso(120), NOW), 7_200);
    assert.equal(extendedSentence(extended, NOW), `demo now ends at ${at(120)}.`);
    assert.match(extendedSentence(aReservation(), NOW), /fixed once it is ready/);
  });
});
