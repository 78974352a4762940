import assert from "node:assert/strict";
import fc from "fast-check";
import {
  logsText,
  plainLine,
  plainLogLine,
} from "../../../extension/src/reservation/documentText.ts";
import { aReservation, NOW } from "./treeFixtures.ts";

const FORBIDDEN =
  // eslint-disable-next-line no-control-regex -- the pattern matches control characters
  /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/;

const logs = (lines: string[], truncated = false) => ({ podName: "demo-1-0", lines, truncated });

describe("the log of a reservation", () => {
  it("starts with a line that names the container, the part shown and how to refresh", () => {
    const [head, blank, ...lines] = logsText(
      aReservation(),
      logs(["\u001b[1ma", "b"], true),
      NOW,
    ).split("\n");
    assert.match(head ?? "", /^Log of demo-1-0, the newest 2 lines, as of .*Run Show Logs again/);
    assert.deepEqual([blank, ...lines], ["", "a", "b", ""]);
    assert.doesNotMatch(logsText(aReservation(), logs(["a"]), NOW), /newest/);
    assert.match(logsText(aReservation(), logs([]), NOW), /There is no output yet\./);
  });

  it("says that there is no container yet, or that it no longer exists", () => {
    const none = { podName: undefined, lines: [], truncated: false };
    const starting = aReservation({ state: "starting", phase: "pulling" });
    assert.match(
      logsText(starting, none, NOW),
      /^demo has no container yet\. It is starting: pulling the image\./,
    );
    const ended = aReservation({ state: "ended", endDetail: "The lease ended." });
    assert.match(logsText(ended, none, NOW), /^demo no longer has a container\. The lease ended\./);
  });

  it("drops colours, titles and overwritten progress, and keeps the words", () => {
    assert.equal(
      plainLogLine("\u001b[1;31merror\u001b[0m: \u001b]0;title\u0007no disk\u001b(B"),
      "error: no disk",
    );
    assert.equal(plainLogLine("\u001b]8;;http://x\u001b\\link\u001b]8;;\u001b\\"), "link");
    assert.equal(plainLogLine("10%\r50%\r100%\r"), "100%");
    assert.equal(plainLogLine("\r"), "");
    assert.equal(plainLine("a\tb é 漢 🙂"), "a\tb é 漢 🙂");
    assert.equal(plainLine("one\r\ntwo\u2028three"), "one two three");
  });

  it("never contains control characters other than tabs, and sanitizing twice changes nothing", () => {
    const pieces = fc.constantFrom(
      "\u001b[",
      "\u001b]",
      "\u001b",
      "\u009b",
      "\u0007",
      "\r",
      "\n",
      "\u0000",
      "\u202e",
      "m",
      "31;",
      "\t",
      " ",
      "word",
    );
    const text = fc
      .array(fc.oneof(pieces, fc.string({ unit: "binary" })))
      .map((all) => all.join(""));
    fc.assert(
      fc.property(text, (printed) => {
        const plain = plainLine(printed);
        assert.doesNotMatch(plain, FORBIDDEN);
        assert.equal(plainLine(plain), plain);
      }),
    );
  });

  it("is sanitized in linear time", () => {
    for (const piece of ["\u001b[", "\u001b]", "\u001b[1;", "\u001b ", "\r", "x"]) {
      const long = piece.repeat(200_000);
      assert.ok(plainLogLine(long).length <= long.length);
    }
  });
});
