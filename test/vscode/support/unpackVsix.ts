import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

/** Unpacks a .vsix package, which is a zip file, and returns the extension's folder in it. */
export async function unpackVsix(vsix: string, folder: string): Promise<string> {
  const unpacked = join(folder, "unpacked");
  await promisify(execFile)("python3", ["-m", "zipfile", "-e", vsix, unpacked]);
  return join(unpacked, "extension");
}
