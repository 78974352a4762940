import { readFile } from "node:fs/promises";
import { type ClientPaths, pathsOf } from "@gpu-dev/client/paths.ts";
import { atomicWrite, type WriteTarget } from "@gpu-dev/client/ssh/atomicWrite.ts";
import { SshFilesError } from "@gpu-dev/client/ssh/fileSystem.ts";

/**
 * The arguments of ssh for one of our hosts. `configFile` is our file, if the user's config does
 * not include it.
 */
export function sshArguments(host: string, configFile: string | undefined): string[] {
  return configFile === undefined ? [host] : ["-F", configFile, host];
}

/** A command line that can be pasted into a terminal of the platform. */
export function sshCommandLine(args: readonly string[], platform: NodeJS.Platform): string {
  const quote = platform === "win32" ? quoteForWindows : quoteForPosix;
  return ["ssh", ...args].map(quote).join(" ");
}

export interface ExplainProgram {
  readonly platform: NodeJS.Platform;
  /** The program that runs this extension: the editor, or Node if the editor's server runs it. */
  readonly execPath: string;
  readonly paths: Pick<ClientPaths, "explainScript" | "explainStarter">;
}

/**
 * The command that ssh runs for the host of a reservation that has ended. The editor's program runs
 * scripts if an environment variable tells it to, which a ProxyCommand cannot set, so env or a
 * batch file sets it. The editor itself need not be running.
 */
export function explainCommandFor({ platform, execPath, paths }: ExplainProgram): string[] {
  if (platform === "win32") return [paths.explainStarter];
  return ["/usr/bin/env", `${RUN_AS_NODE}=1`, execPath, paths.explainScript];
}

/** The batch file for Windows, in UTF-8 because paths contain user names. */
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

/** Copies the program for ended hosts to our own folder; unchanged files are not written. */
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
      `Could not write to ${directory}, so hosts of ended reservations cannot explain why they ended. ` +
        "Check that the folder is yours and that the disk is not full.",
      { cause: error },
    );
  }
}

const RUN_AS_NODE = "ELECTRON_RUN_AS_NODE";

function quoteForPosix(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** Both cmd and PowerShell understand double quotes, which paths cannot contain. */
function quoteForWindows(word: string): string {
  return /^[\w@+=:./\\-]+$/.test(word) ? word : `"${word}"`;
}
