import { readFileSync } from "node:fs";

interface Manifest {
  readonly version: string;
  readonly contributes: {
    readonly commands: readonly { command: string; title: string; category: string }[];
    readonly walkthroughs: readonly { steps: readonly { title: string }[] }[];
    readonly menus: { readonly commandPalette: readonly { command: string; when: string }[] };
  };
}

/** What the extension declares to the editor, as far as tests look at it. */
export function readManifest(): Manifest {
  const url = new URL("../../../extension/package.json", import.meta.url);
  return JSON.parse(readFileSync(url, "utf8")) as Manifest;
}

/** What the manifest lets the palette offer: a command without a condition is always there. */
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
