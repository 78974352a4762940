import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import {
  COMMAND_IDS,
  CONTEXT_KEYS,
  DETAILS_VIEW,
  VIEW_IDS,
} from "../../../extension/src/core/commands.ts";
import { SETTING_KEYS } from "../../../extension/src/core/settings.ts";

interface MenuItem {
  readonly command: string;
  readonly when?: string;
}

const manifest = JSON.parse(
  readFileSync(new URL("../../../extension/package.json", import.meta.url), "utf8"),
) as {
  readonly contributes: {
    readonly commands: readonly { readonly command: string; readonly title: string }[];
    readonly menus: Readonly<Record<string, readonly MenuItem[]>>;
    readonly views: { readonly gpuDev: readonly { readonly id: string }[] };
    readonly configuration: {
      readonly properties: Readonly<Record<string, { readonly scope: string }>>;
    };
  };
};
const { commands, menus, views, configuration } = manifest.contributes;

describe("the extension's manifest", () => {
  it("names the commands, views and settings that the code knows, and no other", () => {
    assert.deepEqual(commands.map(({ command }) => command).sort(), [...COMMAND_IDS].sort());
    assert.deepEqual(views.gpuDev.map(({ id }) => id).sort(), [...VIEW_IDS].sort());
    assert.deepEqual(Object.keys(configuration.properties).sort(), [...SETTING_KEYS].sort());
  });

  it("offers in menus only commands that there are", () => {
    const offered = Object.values(menus)
      .flat()
      .map(({ command }) => command);
    assert.deepEqual(
      offered.filter((command) => !(COMMAND_IDS as readonly string[]).includes(command)),
      [],
    );
  });

  it("asks in its conditions only for keys that the code sets", () => {
    const asked = JSON.stringify(manifest).matchAll(/gpuDev\.[a-zA-Z.]+(?= ==| &&|\b(?="))/g);
    const known: readonly string[] = [
      ...CONTEXT_KEYS,
      ...COMMAND_IDS,
      ...VIEW_IDS,
      ...SETTING_KEYS,
      DETAILS_VIEW,
    ];
    const unknown = [...asked].map(([key]) => key).filter((key) => !known.includes(key));
    assert.deepEqual(unknown, []);
  });

  it("S7: a repository's settings can change neither the server nor a file that is used", () => {
    for (const key of ["gpuDev.server", "gpuDev.identityFile"]) {
      assert.equal(configuration.properties[key]?.scope, "application", key);
    }
    // What a repository may set is a choice among fixed words.
    for (const [key, property] of Object.entries(configuration.properties)) {
      if (property.scope !== "application") assert.ok("enum" in property, key);
    }
  });

  it("has titles in title case, with an ellipsis where more is asked", () => {
    const small = /^(a|an|and|as|in|of|the|to|with)$/;
    for (const { title } of commands) {
      for (const word of title.replace("...", "").split(" ")) {
        assert.ok(small.test(word) || /^[A-Z]/.test(word), title);
      }
    }
  });
});
