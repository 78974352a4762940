import { posix, win32 } from "node:path";

export interface ExtensionPaths {
  /** ~/.gpu-dev, the same folder as the command line's: key pair, generated hosts, what tombstones run. */
  readonly ownDir: string;
  readonly userSshDir: string;
  readonly userSshConfig: string;
  /** What tombstones run lies here, not in the extension's folder, which goes with each update. */
  readonly explainScript: string;
  /** Windows only: sets what the editor's program needs to run a script. */
  readonly explainStarter: string;
}

/** Where our files lie; every input is a parameter, so that each platform's answer can be tested on any. */
export function extensionPaths(options: {
  readonly platform: NodeJS.Platform;
  readonly home: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}): ExtensionPaths {
  const { platform, home, env } = options;
  const files = pathsOf(platform);
  const ownDir = env["GPU_DEV_HOME"] ?? files.join(home, ".gpu-dev");
  return {
    ownDir,
    userSshDir: files.join(home, ".ssh"),
    userSshConfig: files.join(home, ".ssh", "config"),
    explainScript: files.join(ownDir, "bin", "explain.cjs"),
    explainStarter: files.join(ownDir, "bin", "explain.cmd"),
  };
}

/** A path of a setting, which may begin with "~". */
export function expandHome(path: string, platform: NodeJS.Platform, home: string): string {
  return /^~(?=[/\\]|$)/.test(path) ? pathsOf(platform).join(home, path.slice(1)) : path;
}

export function pathsOf(platform: NodeJS.Platform): typeof posix {
  return platform === "win32" ? win32 : posix;
}
