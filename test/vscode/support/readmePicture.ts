import { copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Clip, Workbench } from "./workbench.ts";

const MEDIA = join(import.meta.dirname, "../../../extension/media");

/**
 * Takes a picture for the extension's README. It replaces the committed picture only if
 * UPDATE_SCREENSHOTS is set.
 */
export async function readmePicture(window: Workbench, name: string): Promise<void> {
  await keep(await window.screenshot(`readme-${name}`), "screenshots", name);
}

/** Takes a picture for a step of the walkthrough, which shows it small: a part of the window. */
export async function walkthroughPicture(
  window: Workbench,
  step: string,
  clip: Clip,
): Promise<void> {
  await keep(await window.screenshot(`walkthrough-${step}`, clip), "walkthrough", step);
}

async function keep(path: string, folder: string, name: string): Promise<void> {
  if (process.env["UPDATE_SCREENSHOTS"] === undefined) return;
  await mkdir(join(MEDIA, folder), { recursive: true });
  await copyFile(path, join(MEDIA, folder, `${name}.png`));
}
