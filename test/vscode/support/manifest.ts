import { readFileSync } from "node:fs";

interface Manifest {
  readonly version: string;
  readonly contributes: {
    readonly commands: readonly { command: string; title: string; category: string }[];
    readonly walkthroughs: readonly { steps: readonly { title: string }[] }[];
    readonly menus: { readonly commandPalette: readonly { command: string; when: string }[] };
  };
}

/** The parts of the extension's manifest that the tests use. */
export function readManifest(): Manifest {
  const url = new URL("../../../extension/package.json", import.meta.url);
  return JSON.parse(readFileSync(url, "utf8")) as Manifest;
}

/** The commands that the palette offers by the manifest: always those without a condition. */
export function titlesFor(account: "signedIn" | "signedOut"): string[] {
  const { commands, menus } = readManifest().contributes;
  return commands
    .filter(({ command }) => {
      const rule = menus.commandPalette.find((each) => each.command === command);
      return rule === undefined || rule.when === `gpuDev.account == ${account}`;
    })
    .map(({ category, title }) => `${category}: ${title}`)
    .sort();
}
