import { mkdirSync, symlinkSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

export const CLI = fileURLToPath(new URL("../../cli/bin/gpu-dev.js", import.meta.url));

/** A PATH that has `gpu-dev`, as after `npm run install-cli`: hints then use that name. */
export function pathWithCli(home: string): string {
  const folder = join(home, ".local/bin");
  mkdirSync(folder, { recursive: true });
  try {
    symlinkSync(CLI, join(folder, "gpu-dev"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  return `${folder}${delimiter}${process.env["PATH"] ?? ""}`;
}
