import { readFile } from "node:fs/promises";
import { atomicWrite, type WriteTarget } from "@gpu-dev/client/ssh/atomicWrite.ts";
import { SshFilesError } from "@gpu-dev/client/ssh/fileSystem.ts";
import { type ClientPaths, pathsOf } from "@gpu-dev/client/paths.ts";

export interface ExplainProgram {
  readonly platform: NodeJS.Platform;
  /** The program that runs this extension: the editor itself, or Node where the editor's server runs it. */
  readonly execPath: string;
  readonly paths: Pick<ClientPaths, "explainScript" | "explainStarter">;
}

/**
 * What ssh runs for a host that is over. The editor's own program runs scripts when told so by its environment; a
 * ProxyCommand can't set one, so a small program in between does. No editor needs to run for it.
 */
export function explainCommandFor({ platform, execPath, paths }: ExplainProgram): string[] {
  if (platform === "win32") return [paths.explainStarter];
  return ["/usr/bin/env", `${RUN_AS_NODE}=1`, execPath, paths.explainScript];
}

/** Windows: a batch file, in UTF-8 as paths hold people's names. */
export function explainStarterText(execPath: string): string {
  const program = execPath.replaceAll("%", "%%");
  const lines = [
    "@echo off",
    "chcp 65001 >nul",
    `set ${RUN_AS_NODE}=1`,
    `"${program}" "%~dp0explain.cjs" %*`,
  ];
  return lines.map((line) => `${line}\r\n`).join("");
}

/** Copies what tombstones run to our own folder; writes nothing where it is there already. */
export async function installExplain(
  target: WriteTarget,
  program: ExplainProgram,
  bundle: string,
): Promise<void> {
  const { explainScript, explainStarter } = program.paths;
  const directory = pathsOf(program.platform).dirname(explainScript);
  const write = (path: string, content: Buffer) =>
    atomicWrite(target, path, content, { newFileMode: 0o600 });
  try {
    await target.fs.makeDirectory(directory, 0o700);
    await write(explainScript, await readFile(bundle));
    if (program.platform !== "win32") return;
    await write(explainStarter, Buffer.from(explainStarterText(program.execPath), "utf8"));
  } catch (error) {
    throw new SshFilesError(
      `Nothing can be put into ${directory}, so hosts that are over can't say why. ` +
        "Check that the folder is yours and that the disk is not full.",
      { cause: error },
    );
  }
}

const RUN_AS_NODE = "ELECTRON_RUN_AS_NODE";
