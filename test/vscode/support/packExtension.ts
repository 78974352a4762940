import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

const PACKAGE = join(import.meta.dirname, "../../../extension/package.ts");
let packed: Promise<string> | undefined;

/** Packs our extension from the current sources, once per process, and returns the path. */
export async function packExtension(): Promise<string> {
  packed ??= promisify(execFile)(process.execPath, [PACKAGE]).then(
    ({ stdout }) => stdout.trim().split("\n").at(-1) ?? "",
  );
  return packed;
}
