import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

const PACKAGE = join(import.meta.dirname, "../../../extension/package.ts");
let packed: Promise<string> | undefined;

/** The path of our extension's package, made once from the sources as they are. */
export async function packExtension(): Promise<string> {
  packed ??= promisify(execFile)(process.execPath, [PACKAGE]).then(
    ({ stdout }) => stdout.trim().split("\n").at(-1) ?? "",
  );
  return packed;
}
