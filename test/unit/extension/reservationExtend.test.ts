import assert from "node:assert/strict";
import fc from "fast-check";
import { secondsUntil, localTime } from "@gpu-dev/client/text/times.ts";
import {
  extensionLimitText,
  extendChoices,
  extendedText,
  parseExtension,
  whyNotExtendable,
} from "../../../extension/src/reservation/extendChoices.ts";
import { CATALOGUE } from "./reserveFixtures.ts";
import { aReservation, iso, NOW } from "./treeFixtures.ts";

const at = (minutes: number) => localTime(iso(minutes), NOW);
/** Ends in an hour and can be extended by `minutes`. */
const endingInAnHour = (minutes: number) =>
  aReservation({ expiresAt: iso(60), extendableUntil: iso(60 + minutes) });

describe("extending a reservation", () => {
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

  it("offers the latest possible end, and nothing past it", () => {
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

  it("offers lengths up to the limit of the type while the end is not known", () => {
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
    assert.equal(extendChoices(starting, undefined, NOW).length, 4);
  });

  it("shows the limit", () => {
    assert.equal(
      extensionLimitText(endingInAnHour(120), CATALOGUE, NOW),
      `Ends at ${at(60)}. Can be extended until ${at(180)}: 48 h at most for H100.`,
    );
    assert.equal(
      extensionLimitText(endingInAnHour(120), undefined, NOW),
      `Ends at ${at(60)}. Can be extended until ${at(180)}.`,
    );
    const starting = aReservation({ state: "starting" });
    assert.equal(extensionLimitText(starting, CATALOGUE, NOW), "48 h at most for H100.");
  });

  it("parses the typed length to the second, or says what is wrong with it", () => {
    const read = (text: string) => parseExtension(text, endingInAnHour(120), CATALOGUE);
    assert.equal(read("1h30m"), 5_400);
    assert.equal(read("2h"), 7_200);
    assert.equal(read("121m"), "Enter at most 2 h.");
    assert.equal(read("59s"), "Enter at least 1 minute.");
    assert.equal(read("soon"), "Enter a length of time, for example 90m or 1h30m.");
    assert.equal(read(""), "Enter a length of time, for example 90m or 1h30m.");
  });

  it("explains in every state why it cannot be extended and what to do instead", () => {
    const why = (more: Parameters<typeof aReservation>[0]) =>
      whyNotExtendable(aReservation(more), NOW);
    assert.equal(why({ expiresAt: iso(60), extendableUntil: iso(90) }), undefined);
    assert.equal(why({ state: "starting" }), undefined);
    assert.match(
      why({ state: "queued" }) ?? "",
      /has not started yet\. Extend it once it has started/,
    );
    assert.match(why({ state: "stopping" }) ?? "", /is already ending.*Make a new reservation/);
    assert.match(why({ cancelRequestedAt: iso(-1) }) ?? "", /is already ending/);
    assert.equal(
      why({ expiresAt: iso(60), extendableUntil: iso(60) }),
      `demo has reached its maximum length and ends at ${at(60)}. Make a new reservation to continue after that.`,
    );
    assert.equal(
      why({ state: "ended", endedAt: iso(-5), endDetail: "The lease ended" }),
      `demo ended at ${at(-5)}: The lease ended. Make a new reservation to continue.`,
    );
  });

  it("reports the new end", () => {
    const extended = aReservation({ expiresAt: iso(120) });
    assert.equal(secondsUntil(iso(120), NOW), 7_200);
    assert.equal(extendedText(extended, NOW), `demo now ends at ${at(120)}.`);
    assert.match(extendedText(aReservation(), NOW), /set when it becomes ready/);
  });
});
