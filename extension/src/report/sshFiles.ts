import type { SshFileSystem } from "@gpu-dev/client/ssh/sshFileSystem.ts";
import { pathsOf } from "../connect/extensionPaths.ts";

export interface SshFilesSource {
  readonly fs: Pick<SshFileSystem, "readDirectory" | "readFile">;
  readonly platform: NodeJS.Platform;
  /** Our own folder with the generated files: ~/.gpu-dev/ssh. */
  readonly dir: string;
}

export interface SshFile {
  readonly name: string;
  readonly text: string;
}

const LONGEST = 20_000;

/** The files that we generated for ssh, and no others: a name that is not ours, as that of a key, is never opened. */
export async function readSshFiles({ fs, platform, dir }: SshFilesSource): Promise<SshFile[]> {
  const names = await fs.readDirectory(dir).catch(() => []);
  const files: SshFile[] = [];
  for (const name of names.filter(isGenerated).sort()) {
    const path = pathsOf(platform).join(dir, name);
    const text = await fs.readFile(path).then(
      (content) => content.toString("utf8"),
      (error: unknown) =>
        `can't be read: ${error instanceof Error ? error.message : String(error)}`,
    );
    const cut = text.length > LONGEST ? `${text.slice(0, LONGEST)}\n(cut here)` : text;
    files.push({ name, text: cut });
  }
  return files;
}

function isGenerated(name: string): boolean {
  return name === "config" || /\.(?:conf|known_hosts|hosts\.json)$/.test(name);
}
