import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Reservation } from "@gpu-dev/client/http/responses.ts";
import { startBrowser, chromiumPath } from "../../vscode/support/browser.ts";
import { type Editor, findEditor } from "../../vscode/support/installEditor.ts";
import { activationMs, watchRow } from "../../vscode/support/measures.ts";
import { packExtension } from "../../vscode/support/packExtension.ts";
import { packSmokeExtension } from "../../vscode/support/smokeExtension.ts";
import { startVsCode } from "../../vscode/support/vscodeServer.ts";
import type { Workbench } from "../../vscode/support/workbench.ts";
import { cancel, reserve, until } from "../reserve.ts";
import type { Stack } from "../stack.ts";
import { summarise, type Figure } from "../statistics.ts";

const WINDOWS = 10;
const UPDATES = 40;
const MINUTE = 60;

/**
 * The packaged extension in VS Code's own server, with Chromium: sizes, activation, and the path of
 * an event.
 */
export async function extension(stack: Stack): Promise<Figure[]> {
  const vsix = await packExtension();
  const sizes = {
    name: "extension-size",
    budget: "entry bundle 400 KB",
    figures: await sizesOf(vsix),
  };
  const editor = findEditor();
  if (editor === null || !existsSync(chromiumPath())) {
    const missing = editor === null ? "VS Code's server" : "Chromium";
    return [sizes, { name: "extension", budget: "", figures: { skipped: `no ${missing} here` } }];
  }
  return [
    sizes,
    await inEditor({ stack, editor, vsix, bare: true }, activation),
    await inEditor({ stack, editor, vsix, bare: false }, activation),
    await inEditor({ stack, editor, vsix, bare: true }, treeUpdate),
  ];
}

interface Setting {
  readonly stack: Stack;
  readonly editor: Editor;
  readonly vsix: string;
  /** Only our extension and the floor's, without those of the editor. */
  readonly bare: boolean;
}

async function inEditor(
  setting: Setting,
  measure: (open: () => Promise<Workbench>, setting: Setting) => Promise<Figure>,
): Promise<Figure> {
  const { stack, editor, vsix, bare } = setting;
  const dataDir = await mkdtemp(join(tmpdir(), "gpu-dev-bench-editor-"));
  const server = await startVsCode({
    editor,
    dataDir,
    withoutBuiltinExtensions: bare,
    extensions: [vsix, await packSmokeExtension(join(dataDir, "smoke"))],
    settings: { values: { "gpuDev.server": stack.url } },
  });
  // High enough to show every running extension, because only visible rows exist.
  const browser = await startBrowser({ viewport: { width: 1280, height: 2400 } });
  try {
    return await measure(() => browser.open(server.url(join(dataDir, "home"))), setting);
  } finally {
    await browser.close();
    await server.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

async function sizesOf(vsix: string): Promise<Record<string, string>> {
  const kilobytes = async (path: string) =>
    `${String(Math.round((await stat(path)).size / 1_000))} KB`;
  const dist = dirname(vsix);
  const chunks = (await readdir(join(dist, "chunks"))).filter((name) => name.endsWith(".cjs"));
  const chunkBytes = chunks.map(async (name) => (await stat(join(dist, "chunks", name))).size);
  const laterBytes = (await Promise.all(chunkBytes)).reduce((sum, size) => sum + size, 0);
  return {
    "entry bundle": await kilobytes(join(dist, "extension.cjs")),
    "loaded later": `${String(Math.round(laterBytes / 1_000))} KB`,
    "what explains an ended host": await kilobytes(join(dist, "explain.cjs")),
    package: await kilobytes(vsix),
  };
}

/**
 * As the editor reports it. The floor is an extension with two small views, activated in the same
 * windows.
 */
async function activation(open: () => Promise<Workbench>, { bare }: Setting): Promise<Figure> {
  const ours: number[] = [];
  const floor: number[] = [];
  for (let i = 0; i < WINDOWS; i += 1) {
    const window = await open();
    const [our = NaN, least = NaN] = await activationMs(window, ["GPU Dev Servers", "Smoke"]);
    ours.push(our);
    floor.push(least);
    await window.close();
  }
  return {
    name: bare ? "extension-activation, alone" : "extension-activation, with those of the editor",
    budget: "50 ms",
    figures: { "ours, ms": summarise(ours), "floor, ms": summarise(floor) },
  };
}

/** Another client extends the reservation; the row with its end changes. */
async function treeUpdate(open: () => Promise<Workbench>, { stack }: Setting): Promise<Figure> {
  const window = await open();
  await window.openContainer("GPU Dev Servers");
  await window.runCommand("GPU Dev: Sign In as Another User...");
  await window.quickInput.type(stack.user);
  await window.quickInput.enter();
  const reservation = await reserve(stack, "t4", 1);
  const view = window.view("Reservations");
  await view.waitForRow(({ label }) => label === "Ends", "when it ends");
  const delays: number[] = [];
  for (let i = 0; i < UPDATES; i += 1) {
    const shown = await watchRow(window, "Ends");
    await extendByAMinute(stack, reservation);
    const answered = now();
    delays.push((await shown()) - answered);
  }
  await cancel(stack, reservation);
  await until(stack, reservation, ["ended"]);
  return {
    name: "extension-tree-update",
    budget: "response to a write -> its row is drawn: 1 s",
    figures: { "ours, ms": summarise(delays) },
  };
}

async function extendByAMinute(stack: Stack, { id }: Reservation): Promise<void> {
  await stack.client.call("extendReservation", {
    params: { reservationId: id },
    body: { seconds: MINUTE },
  });
}

/** The page uses the clock of the same machine. */
function now(): number {
  return performance.timeOrigin + performance.now();
}
