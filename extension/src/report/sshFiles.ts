import type { SshFileSystem } from "@gpu-dev/client/ssh/fileSystem.ts";
import { pathsOf } from "@gpu-dev/client/paths.ts";
import { asError } from "../core/errors.ts";

export interface SshFilesSource {
  readonly fs: Pick<SshFileSystem, "readDirectory" | "readFile">;
  readonly platform: NodeJS.Platform;
  /** The folder of the generated files: ~/.gpu-dev/ssh. */
  readonly dir: string;
}

export interface SshFile {
  readonly name: string;
  readonly text: string;
}

const MAX_LENGTH = 20_000;

/** Reads the generated SSH files. Files with any other name, such as keys, are never opened. */
export async function readSshFiles({ fs, platform, dir }: SshFilesSource): Promise<SshFile[]> {
  const names = await fs.readDirectory(dir).catch(() => []);
  const files: SshFile[] = [];
  for (const name of names.filter(isGenerated).sort()) {
    const path = pathsOf(platform).join(dir, name);
    const text = await fs.readFile(path).then(
      (content) => content.toString("utf8"),
      (error: unknown) => `could not be read: ${asError(error).message}`,
    );
    const shown = text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH)}\n(truncated)` : text;
    files.push({ name, text: shown });
  }
  return files;
}

function isGenerated(name: string): boolean {
  return name === "config" || /\.(?:conf|known_hosts|hosts\.json)$/.test(name);
}
