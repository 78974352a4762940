import { posix, win32 } from "node:path";

export interface SshPathOptions {
  readonly platform: NodeJS.Platform;
  /** Our own folder: ~/.gpu-dev. */
  readonly ownDir: string;
}

export interface DeploymentPaths {
  readonly dir: string;
  /** What the Include line names; it includes the file of each deployment in turn. */
  readonly index: string;
  readonly conf: string;
  readonly knownHosts: string;
  readonly state: string;
  readonly lock: string;
  /** Our own key pair, one for all deployments. */
  readonly identity: string;
}

export const STATE_SUFFIX = ".hosts.json";

export function deploymentPaths(options: SshPathOptions, deployment: string): DeploymentPaths {
  const paths = options.platform === "win32" ? win32 : posix;
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
