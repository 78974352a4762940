import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import type { Workbench } from "./workbench.ts";

const PICTURES = join(import.meta.dirname, "../../../extension/media/screenshots");

/**
 * Takes a picture for the extension's README. It replaces the committed picture only if
 * UPDATE_SCREENSHOTS is set.
 */
export async function readmePicture(window: Workbench, name: string): Promise<void> {
  const path = await window.screenshot(`readme-${name}`);
  if (process.env["UPDATE_SCREENSHOTS"] !== undefined) {
    await copyFile(path, join(PICTURES, `${name}.png`));
  }
}
