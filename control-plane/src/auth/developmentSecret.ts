import { lstat, readFile } from "node:fs/promises";

const CONTENT = /^gpu-dev-secret-[A-Za-z0-9_-]{43}\n?$/;

/**
 * Reads the secret that stands for "the user who started this server". It is worth what its file's permissions
 * are worth, so anything but a regular 0600 file of our own is refused with one sentence.
 */
export async function readDevelopmentSecret(path: string): Promise<string> {
  const file = await lstat(path).catch((cause: unknown) => {
    throw new Error(`the development secret ${path} cannot be read; check the path`, { cause });
  });
  if (!file.isFile()) throw new Error(`the development secret ${path} is not a regular file`);
  if (process.getuid !== undefined && file.uid !== process.getuid()) {
    throw new Error(
      `the development secret ${path} belongs to another user; only a file of your own is trusted`,
    );
  }
  if ((file.mode & 0o077) !== 0) {
    throw new Error(`the development secret ${path} can be read by others; run: chmod 600 ${path}`);
  }
  const content = await readFile(path, "utf8");
  if (!CONTENT.test(content)) {
    throw new Error(
      `the development secret ${path} does not hold a secret of the form gpu-dev-secret-<43 characters>; make a new one`,
    );
  }
  return content.trimEnd();
}
