import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { reachedMilestones } from "../../../extension/src/walkthrough/milestones.ts";
import { aReservation, iso } from "./treeFixtures.ts";

const extension = new URL("../../../extension/", import.meta.url);
const manifest = JSON.parse(readFileSync(new URL("package.json", extension), "utf8")) as {
  readonly contributes: {
    readonly walkthroughs: readonly {
      readonly steps: readonly { readonly media: { readonly markdown: string } }[];
    }[];
    readonly viewsWelcome: readonly { readonly contents: string; readonly when: string }[];
  };
};
const { walkthroughs, viewsWelcome } = manifest.contributes;

describe("the walkthrough", () => {
  it("ticks what was done in another window or on the command line", () => {
    const reached = (...states: ("queued" | "ended")[]) =>
      Object.values(
        reachedMilestones(
          { kind: "signedIn" },
          { reservations: states.map((state) => aReservation({ state, endedAt: iso(-1) })) },
        ),
      );
    assert.deepEqual(reached(), [true, false, false]);
    assert.deepEqual(reached("queued"), [true, true, false]);
    assert.deepEqual(reached("queued", "ended"), [true, true, true]);
    const nothing = reachedMilestones({ kind: "signedOut" }, { reservations: undefined });
    assert.deepEqual(Object.values(nothing), [false, false, false]);
  });

  it("has a picture with a description in each step", () => {
    for (const { media } of walkthroughs.flatMap(({ steps }) => steps)) {
      const page = new URL(media.markdown, extension);
      const [, description, path] =
        /!\[([^\]]+)\]\(([^)]+)\)/.exec(readFileSync(page, "utf8")) ?? [];
      assert.ok(description, media.markdown);
      assert.ok(existsSync(new URL(path ?? "", page)), path);
    }
  });
});

describe("an empty view", () => {
  it("offers a next step, unless it is still being read", () => {
    for (const { contents, when } of viewsWelcome) {
      if (!when.includes("!gpuDev.loaded"))
        assert.match(contents, /\n\[[^\]]+\]\(command:/, contents);
    }
  });
});
