import { open, readFile, rename, type FileHandle } from "node:fs/promises";

/** Opens a new log file, private to the user. The previous one is kept with the suffix `.1`. */
export async function startLog(file: string): Promise<FileHandle> {
  try {
    await rename(file, `${file}.1`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  return open(file, "a", 0o600);
}

export async function lastLines(file: string, count = 12): Promise<string[]> {
  try {
    const text = await readFile(file, "utf8");
    return text.trimEnd().split("\n").slice(-count);
  } catch {
    return [];
  }
}
