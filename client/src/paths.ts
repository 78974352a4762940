import { posix, win32 } from "node:path";

/** The files of one user on one machine that all our clients share. */
export interface ClientPaths {
  readonly configDir: string;
  readonly configFile: string;
  readonly credentialsFile: string;
  /** ~/.gpu-dev: our key pair, the generated SSH files, and the program that tombstones run. */
  readonly ownDir: string;
  readonly userSshDir: string;
  readonly userSshConfig: string;
  /**
   * The editor's copy of the tombstone program. It is kept here because updates delete the
   * extension's folder.
   */
  readonly explainScript: string;
  /** Windows only: sets the environment in which the editor's executable runs a script. */
  readonly explainStarter: string;
}

/**
 * Every input is a parameter, so that the paths of each platform can be tested on any. An empty
 * variable counts as unset, as the XDG specification demands.
 */
export function clientPaths(options: {
  readonly platform: NodeJS.Platform;
  readonly home: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}): ClientPaths {
  const { platform, home, env } = options;
  const paths = pathsOf(platform);
  const variable = (name: string) => (env[name] === "" ? undefined : env[name]);
  const configBase =
    platform === "win32"
      ? (variable("APPDATA") ?? paths.join(home, "AppData", "Roaming"))
      : (variable("XDG_CONFIG_HOME") ?? paths.join(home, ".config"));
  const configDir = paths.join(configBase, "gpu-dev");
  const ownDir = variable("GPU_DEV_HOME") ?? paths.join(home, ".gpu-dev");
  return {
    configDir,
    configFile: paths.join(configDir, "config.json"),
    credentialsFile: paths.join(configDir, "credentials.json"),
    ownDir,
    userSshDir: paths.join(home, ".ssh"),
    userSshConfig: paths.join(home, ".ssh", "config"),
    explainScript: paths.join(ownDir, "bin", "explain.cjs"),
    explainStarter: paths.join(ownDir, "bin", "explain.cmd"),
  };
}

/** A path from a setting, which may begin with "~". */
export function expandHome(path: string, platform: NodeJS.Platform, home: string): string {
  return /^~(?=[/\\]|$)/.test(path) ? pathsOf(platform).join(home, path.slice(1)) : path;
}

export function pathsOf(platform: NodeJS.Platform): typeof posix {
  return platform === "win32" ? win32 : posix;
}

export interface SshPathOptions {
  readonly platform: NodeJS.Platform;
  /** Our own folder: ~/.gpu-dev. */
  readonly ownDir: string;
}

/** The generated SSH files for one server. */
export interface DeploymentPaths {
  readonly dir: string;
  /** The file that the Include line names; it includes the file of each deployment. */
  readonly index: string;
  readonly conf: string;
  readonly knownHosts: string;
  readonly state: string;
  readonly lock: string;
  /** Our own key pair, shared by all deployments. */
  readonly identity: string;
}

export const STATE_SUFFIX = ".hosts.json";

export function deploymentPaths(options: SshPathOptions, deployment: string): DeploymentPaths {
  const paths = pathsOf(options.platform);
  const dir = paths.join(options.ownDir, "ssh");
  return {
    dir,
    index: paths.join(dir, "config"),
    conf: paths.join(dir, `${deployment}.conf`),
    knownHosts: paths.join(dir, `${deployment}.known_hosts`),
    state: paths.join(dir, `${deployment}${STATE_SUFFIX}`),
    lock: paths.join(dir, "lock"),
    identity: paths.join(dir, "id_ed25519"),
  };
}

/** A file name for a server: "127.0.0.1:8710" becomes "127-0-0-1-8710". */
export function deploymentName(server: string): string {
  return (
    server
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, "-")
      .replaceAll(/^-+|-+$/g, "") || "server"
  );
}
