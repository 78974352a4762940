import { posix, win32 } from "node:path";

export interface CliPaths {
  readonly configDir: string;
  readonly configFile: string;
  readonly credentialsFile: string;
  /** ~/.gpu-dev: our key pair and the generated ssh files. */
  readonly ownDir: string;
  readonly userSshDir: string;
  readonly userSshConfig: string;
}

/** Where our files lie; every input is a parameter, so that each platform's answer can be tested on any. */
export function cliPaths(options: {
  platform: NodeJS.Platform;
  home: string;
  env: Readonly<Record<string, string | undefined>>;
}): CliPaths {
  const { platform, home, env } = options;
  const files = platform === "win32" ? win32 : posix;
  const base =
    platform === "win32"
      ? (env["APPDATA"] ?? files.join(home, "AppData", "Roaming"))
      : (env["XDG_CONFIG_HOME"] ?? files.join(home, ".config"));
  const configDir = files.join(base, "gpu-dev");
  return {
    configDir,
    configFile: files.join(configDir, "config.json"),
    credentialsFile: files.join(configDir, "credentials.json"),
    ownDir: env["GPU_DEV_HOME"] ?? files.join(home, ".gpu-dev"),
    userSshDir: files.join(home, ".ssh"),
    userSshConfig: files.join(home, ".ssh", "config"),
  };
}
