import { codeOf } from "@gpu-dev/shared/errors.ts";
import { withFileLock } from "@gpu-dev/shared/fileLock.ts";
import {
  deploymentName,
  deploymentPaths,
  type DeploymentPaths,
  pathsOf,
  STATE_SUFFIX,
} from "../paths.ts";
import { atomicWrite, type WriteTarget } from "./atomicWrite.ts";
import { readIfExists } from "./fileSystem.ts";
import type { HostState } from "./hostState.ts";
import {
  quotedPath,
  renderHosts,
  renderKnownHosts,
  type RenderOptions,
  renderProbe,
} from "./renderHosts.ts";
import { type Observed, syncHosts } from "./syncHosts.ts";

export interface HostFilesOptions extends WriteTarget {
  readonly ownDir: string;
  readonly server: string;
  readonly identityFile: string;
  readonly explainCommand: readonly string[];
  readonly now: () => Date;
}

export interface HostFiles {
  readonly paths: DeploymentPaths;
  readonly render: RenderOptions;
  readonly read: () => Promise<HostState>;
  /** Merges under the lock, writes what changed, and returns the state that is then on disk. */
  readonly sync: (observed: Observed) => Promise<HostState>;
  /** Deletes the generated files of this deployment; the key pair stays. */
  readonly remove: () => Promise<void>;
}

export function openHostFiles(options: HostFilesOptions): HostFiles {
  const paths = deploymentPaths(options, deploymentName(options.server));
  const render = {
    platform: options.platform,
    knownHostsPath: paths.knownHosts,
    statePath: paths.state,
    ownIdentity: paths.identity,
    explainCommand: options.explainCommand,
  };
  const locked = async <T>(work: () => Promise<T>) => {
    await options.fs.makeDirectory(paths.dir, 0o700);
    const now = () => options.now().getTime();
    return withFileLock({ fs: options.fs, path: paths.lock, now }, work);
  };
  return {
    paths,
    render,
    read: () => readState(options, paths),
    sync: (observed) =>
      locked(async () => {
        const next = syncHosts(await readState(options, paths), observed, options.now());
        const state = { ...next, identityFile: options.identityFile };
        await writeAll(options, paths, render, state);
        return state;
      }),
    remove: () => locked(() => removeAll(options, paths)),
  };
}

/**
 * The state on disk. A damaged file is replaced by an empty state: it is only a cache of the
 * server's state.
 */
async function readState(options: HostFilesOptions, paths: DeploymentPaths): Promise<HostState> {
  const content = await readIfExists(options.fs, paths.state);
  if (content !== undefined) {
    try {
      const { hostState } = await import("./hostState.ts");
      return hostState.parse(JSON.parse(content.toString("utf8")));
    } catch {
      // Falls through to an empty state.
    }
  }
  const others = (await deploymentFiles(options, paths)).filter((state) => state !== paths.state);
  return {
    version: 1,
    prefix: others.length === 0 ? "gpu-dev" : `gpu-dev-${deploymentName(options.server)}`,
    server: options.server,
    identityFile: options.identityFile,
    live: [],
    tombstones: [],
  };
}

/**
 * Known hosts are written first and the state last: ssh never reads a host whose key is missing,
 * and after a crash in between the next run finds the older state and rewrites every file.
 */
async function writeAll(
  options: HostFilesOptions,
  paths: DeploymentPaths,
  render: RenderOptions,
  state: HostState,
): Promise<void> {
  const write = (path: string, text: string) =>
    atomicWrite(options, path, Buffer.from(text, "utf8"), { newFileMode: 0o600 });
  await write(paths.knownHosts, renderKnownHosts(state));
  await write(paths.conf, renderHosts(state, render));
  const { hostState } = await import("./hostState.ts");
  await write(paths.state, `${JSON.stringify(hostState.encode(state), undefined, 2)}\n`);
  await write(paths.index, renderIndex(options, await deploymentFiles(options, paths)));
}

function renderIndex(options: HostFilesOptions, states: readonly string[]): string {
  const includes = states.map((state) => {
    const conf = `${state.slice(0, -STATE_SUFFIX.length)}.conf`;
    return `Include ${quotedPath(conf, options.platform, { tokens: false })}`;
  });
  return [
    "# Written by gpu-dev: one line per deployment that you use.",
    ...includes,
    "",
    "# Lets gpu-dev check whether ssh reads this file.",
    ...renderProbe(),
    "",
  ].join("\n");
}

async function deploymentFiles(
  options: HostFilesOptions,
  paths: DeploymentPaths,
): Promise<string[]> {
  const files = pathsOf(options.platform);
  try {
    const names = await options.fs.readDirectory(paths.dir);
    return names
      .filter((name) => name.endsWith(STATE_SUFFIX))
      .sort()
      .map((name) => files.join(paths.dir, name));
  } catch (error) {
    if (codeOf(error) === "ENOENT") return [];
    throw error;
  }
}

async function removeAll(options: HostFilesOptions, paths: DeploymentPaths): Promise<void> {
  const removeFile = async (path: string) => {
    await options.fs.unlink(path).catch((error: unknown) => {
      if (codeOf(error) !== "ENOENT") throw error;
    });
  };
  await removeFile(paths.state);
  await removeFile(paths.conf);
  await removeFile(paths.knownHosts);
  const remaining = await deploymentFiles(options, paths);
  if (remaining.length === 0) {
    await removeFile(paths.index);
    return;
  }
  const index = Buffer.from(renderIndex(options, remaining), "utf8");
  await atomicWrite(options, paths.index, index, { newFileMode: 0o600 });
}
